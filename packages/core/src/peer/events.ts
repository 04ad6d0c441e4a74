/** Typed events at the peer's edge, on mitt. A throwing listener harms nobody else: it is caught and logged. */
import * as mittModule from 'mitt';
import type { Emitter, EventType } from 'mitt';
import type { Logger } from '../ports/logger.ts';

// mitt's types are read as CommonJS under nodenext, where its default export is the namespace's `default`.
const createEmitter = mittModule.default as unknown as <E extends Record<EventType, unknown>>() => Emitter<E>;

export class Events<E extends Record<string, unknown>> {
  readonly #emitter: Emitter<E> = createEmitter<E>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  on<K extends keyof E>(event: K, listener: (payload: E[K]) => void): () => void {
    const failed = (error: unknown): void => {
      this.#logger.warn({ event: String(event), error }, 'a listener threw');
    };
    const guarded = (payload: E[K]): void => {
      try {
        // Also an async one: its rejection, which nobody handles, would end the host's process.
        const result: unknown = listener(payload);
        if (result instanceof Promise) result.catch(failed);
      } catch (error) {
        failed(error);
      }
    };
    this.#emitter.on(event, guarded);
    return () => {
      this.#emitter.off(event, guarded);
      // mitt keeps an empty array for an event that nobody listens to any more.
      if (this.#emitter.all.get(event)?.length === 0) this.#emitter.all.delete(event);
    };
  }

  emit<K extends keyof E>(event: K, payload: E[K]): void {
    this.#emitter.emit(event, payload);
  }

  clear(): void {
    this.#emitter.all.clear();
  }
}
