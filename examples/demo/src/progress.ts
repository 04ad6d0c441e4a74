/** One live line on a terminal; a line now and then elsewhere. */

export class Progress {
  readonly #total: number;
  #shown = '';
  #lastStep = -1;

  constructor(total: number) {
    this.#total = total;
  }

  show(done: number, leader: string | undefined): void {
    const width = 30;
    const filled = Math.round((done / this.#total) * width);
    const bar = '#'.repeat(filled).padEnd(width, '.');
    const line = `  [${bar}] ${done}/${this.#total} files   leader: ${leader ?? '(none)'}`;
    if (process.stdout.isTTY) {
      if (line !== this.#shown) process.stdout.write(`\r${line}   `);
    } else {
      const step = Math.floor((done / this.#total) * 4);
      if (step !== this.#lastStep) console.log(line);
      this.#lastStep = step;
    }
    this.#shown = line;
  }

  /** Ends the live line, so that something else can be printed. */
  break(): void {
    if (process.stdout.isTTY) process.stdout.write('\n');
  }
}
