/** What a channel has proven about its other end, and whether that covers what the other end claims to be. */
import type { Role } from './handshake-messages.ts';
import { type Refusal, refusal } from './refusal.ts';

/**
 * `anybody`: nothing is proven (`insecure`). `key`: the other end holds the key of this role. `certificate`: it
 * holds one with exactly these names, issued under an authority that vouches for these roles.
 */
export type Identity =
  | { readonly kind: 'anybody' }
  | { readonly kind: 'key'; readonly role: Role }
  | { readonly kind: 'certificate'; readonly names: readonly string[]; readonly roles: readonly Role[] };

/** Undefined: the claim holds. Names are compared exactly; there are no wildcards and no look-ups. */
export function judgeClaim(
  identity: Identity,
  claim: { readonly role: Role; readonly member: string },
): Refusal | undefined {
  const { role, member } = claim;
  switch (identity.kind) {
    case 'anybody':
      return undefined;
    case 'key':
      if (identity.role === role) return undefined;
      return refusal('wrong-role', `it holds a ${identity.role}'s key and claims to be a ${role}`);
    case 'certificate':
      if (!identity.roles.includes(role)) {
        return refusal('wrong-role', `its certificate is not one for a ${role}`);
      }
      if (role === 'session' || identity.names.includes(member)) return undefined;
      return refusal(
        'credentials',
        `its certificate names ${JSON.stringify(identity.names)}, not this member`,
      );
  }
}
