/**
 * What every suite of this package hands out: cases that any test runner can run, and the one way in which an
 * adapter may leave some of them out, by saying what it cannot do and why.
 */

/** One sentence about an adapter that is true or not. */
export interface ComplianceCase {
  /** A sentence of behaviour; a skipped case has its reason in it. */
  readonly title: string;
  /** Capabilities without which the case makes no sense. */
  readonly needs: readonly string[];
  /** Why this adapter leaves the case out; undefined: it runs. */
  readonly skipped: string | undefined;
  /** Resolves if the adapter behaves so, rejects with what was seen instead; in bounded time. Does nothing if skipped. */
  readonly run: () => Promise<void>;
}

/** A case before it is bound to an adapter. */
export interface CaseDefinition<World, Capability extends string> {
  readonly title: string;
  readonly needs?: readonly Capability[];
  readonly run: (world: World) => Promise<void>;
}

/** What binds cases to an adapter. */
export interface Binding<World, Capability extends string> {
  /** Capabilities that the adapter lacks, each with the reason. */
  readonly cannot: Readonly<Partial<Record<Capability, string>>>;
  /** Opens a world of its own for one case, and closes it whatever becomes of the case. */
  readonly within: (run: (world: World) => Promise<void>) => Promise<void>;
}

/** The cases for one adapter, in the order of their definitions. */
export function bindCases<World, Capability extends string>(
  definitions: readonly CaseDefinition<World, Capability>[],
  { cannot, within }: Binding<World, Capability>,
): readonly ComplianceCase[] {
  return definitions.map(({ title, needs = [], run }) => {
    const lacking = needs.find((capability) => cannot[capability] !== undefined);
    const skipped = lacking === undefined ? undefined : cannot[lacking];
    return {
      title: skipped === undefined ? title : `${title} (skipped: ${skipped})`,
      needs,
      skipped,
      run: async () => {
        if (skipped === undefined) await within(run);
      },
    };
  });
}
