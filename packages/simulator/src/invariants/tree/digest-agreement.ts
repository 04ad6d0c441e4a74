/**
 * DigestAgreement: replicas that have applied the same entries have the same state: same index, same digest.
 *
 * Source: architecture.md, State; TigerBeetle's state checker.
 * How: asked of the machines themselves at every eighth index, and of all running ones at a sweep; a difference in
 * state stays, so it is found at the next of them. Core's own comparison must not find one either.
 * Boundaries: a replica that jumps over an index by a snapshot, or applies several entries in a step, is compared
 * where it stops. Index 0 has no state worth comparing.
 */
import { InvariantBroken, type Invariant, type InvariantWatch, type ObservedPeer } from '../invariant.ts';

const everyEntries = 8;

export const digestAgreement: Invariant = {
  name: 'DigestAgreement',
  statement: 'At the same index all replicas have the same digest.',
  source: 'architecture.md, State',
  watch(): InvariantWatch {
    const digests = new Map<number, { readonly digest: string; readonly member: string }>();
    const compare = ({ member, replica: { machine } }: ObservedPeer): void => {
      const { appliedIndex } = machine;
      if (appliedIndex === 0) return;
      const digest = machine.digest();
      const known = digests.get(appliedIndex);
      if (known === undefined) digests.set(appliedIndex, { digest, member });
      else if (known.digest !== digest) {
        throw new InvariantBroken('DigestAgreement', 'two replicas differ at one index', {
          index: appliedIndex,
          first: known.member,
          firstDigest: known.digest,
          second: member,
          secondDigest: digest,
        });
      }
    };
    return {
      stepped({ peer, output, before, after }) {
        for (const notice of output.notices) {
          if (notice.kind === 'divergence') {
            throw new InvariantBroken('DigestAgreement', 'a replica says that it diverged', {
              member: peer.member,
              ...notice,
            });
          }
        }
        if (after.appliedIndex !== before.appliedIndex && after.appliedIndex % everyEntries === 0)
          compare(peer);
      },
      swept({ peers }) {
        for (const peer of peers) compare(peer);
      },
    };
  },
};
