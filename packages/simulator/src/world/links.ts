/**
 * All links of a world, and what is done to them: cut, clogged, opened again. Who uses the links hears of changes
 * and brings its connections in line.
 */
import type { FaultKind } from './faults.ts';
import { defaultLinkConditions, Link, type LinkConditions } from './link.ts';
import type { RandomStream } from './random-stream.ts';
import type { Time } from './time.ts';

/** How hosts are cut apart. */
export interface CutOptions {
  /** True: only frames from the first to the second vanish. */
  readonly oneWay?: boolean;
  /**
   * True (default): frames vanish and nobody is told until a time of silence has passed. False: connections break
   * at once, and both ends are told. One-way cuts are silent.
   */
  readonly silent?: boolean;
}

/** Ends one cut or clog. Safe to call twice. */
export type Heal = () => void;

export interface LinksOptions {
  readonly time: Time;
  readonly faulted: (kind: FaultKind) => void;
  /** A cut began that both hosts notice at once, or one has lasted for the time of silence. */
  readonly broken: (link: Link) => void;
  /** Frames may have a chance again. */
  readonly opened: () => void;
  /** Runs after a drawn time of silence. */
  readonly afterSilence: (run: () => void) => void;
}

/** How links flap: open and cut in turn, for drawn times. */
export interface FlapOptions extends CutOptions {
  /** Most microseconds that they stay open, and that they stay cut. */
  readonly openUsMax: number;
  readonly cutUsMax: number;
}

export class Links {
  readonly #options: LinksOptions;
  readonly #links = new Map<string, Map<string, Link>>();
  readonly #heals = new Set<Heal>();
  #conditions: LinkConditions = { ...defaultLinkConditions };

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  between(from: string, to: string): Link {
    const known = this.#links.get(from)?.get(to);
    if (known !== undefined) return known;
    const link = new Link(from, to, { ...this.#conditions });
    const links = this.#links.get(from) ?? new Map<string, Link>();
    this.#links.set(from, links.set(to, link));
    return link;
  }

  setConditions(conditions: Partial<LinkConditions>): void {
    this.#conditions = { ...this.#conditions, ...conditions };
    for (const links of this.#links.values()) {
      for (const link of links.values()) Object.assign(link.conditions, conditions);
    }
  }

  cut(a: string, b: string, options: CutOptions): Heal {
    const { oneWay = false, silent = true } = options;
    const links = oneWay ? [this.between(a, b)] : [this.between(a, b), this.between(b, a)];
    this.#options.faulted('cut');
    for (const link of links) this.#cutLink(link, silent || oneWay);
    return this.#healing(() => {
      for (const link of links) link.cutsCount -= 1;
      this.#options.opened();
    });
  }

  clog(from: string, to: string): Heal {
    const link = this.between(from, to);
    this.#options.faulted('clog');
    link.clogsCount += 1;
    return this.#healing(() => {
      link.clogsCount -= 1;
      if (link.clogsCount === 0) this.#release(link);
      this.#options.opened();
    });
  }

  /** Cuts and heals in turn until the answer is called. */
  flap(a: string, b: string, how: { readonly options: FlapOptions; readonly stream: RandomStream }): Heal {
    const { options, stream } = how;
    const { time } = this.#options;
    let healCut: Heal | undefined;
    let isOver = false;
    const turn = (): void => {
      if (isOver) return;
      if (healCut === undefined) healCut = this.cut(a, b, options);
      else {
        healCut();
        healCut = undefined;
      }
      const usMax = healCut === undefined ? options.openUsMax : options.cutUsMax;
      time.after('network', 1 + stream.below(usMax), turn);
    };
    turn();
    return this.#healing(() => {
      isOver = true;
      healCut?.();
    });
  }

  /** Ends all cuts, clogs and flapping; conditions stay. */
  heal(): void {
    for (const heal of [...this.#heals]) heal();
  }

  #cutLink(link: Link, isSilent: boolean): void {
    const { time, afterSilence, broken } = this.#options;
    link.cutsCount += 1;
    if (link.cutsCount === 1) link.cutAtUs = time.nowUs;
    if (!isSilent) {
      broken(link);
      return;
    }
    const { cutAtUs } = link;
    afterSilence(() => {
      if (link.isCut && link.cutAtUs === cutAtUs) broken(link);
    });
  }

  #healing(heal: () => void): Heal {
    const once = (): void => {
      if (this.#heals.delete(once)) heal();
    };
    this.#heals.add(once);
    return once;
  }

  #release(link: Link): void {
    const { time } = this.#options;
    for (const task of link.waiting) {
      task.atUs = Math.max(task.atUs, time.nowUs);
      time.add(task);
    }
    link.waiting = [];
  }
}
