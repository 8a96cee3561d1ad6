/** Telling a story step by step, each with its time, and whether it held. */
import { format } from 'node:util';

export class Story {
  #steps = 0;
  #failed = 0;

  /** One thing that must hold. What it returns is shown behind it; what it throws is why it did not hold. */
  async step(says: string, act: () => Promise<string | undefined>): Promise<void> {
    this.#steps += 1;
    const startedMs = performance.now();
    try {
      const shown = await act();
      const ms = (performance.now() - startedMs).toFixed(0).padStart(5);
      console.log(`  ok   ${ms} ms  ${says}${shown === undefined ? '' : `\n                  ${shown.replaceAll('\n', '\n                  ')}`}`);
    } catch (error) {
      this.#failed += 1;
      console.log(`  FAILED         ${says}\n                  ${format(error).replaceAll('\n', '\n                  ')}`);
    }
  }

  /** The exit code: 0 only if everything held. */
  end(): 0 | 1 {
    console.log(`\n${this.#steps - this.#failed} of ${this.#steps} steps held.`);
    return this.#failed === 0 ? 0 : 1;
  }
}

/** Fails unless the call is refused, and shows with which words. */
export async function refused(call: Promise<unknown>, words: RegExp): Promise<string> {
  try {
    await call;
  } catch (error) {
    const message = (error as Error).message;
    if (words.test(message)) return message.replace(/\s*\(dec_[^)]*\)/g, '').slice(0, 200);
    throw new Error(`refused, but not with ${words}: ${message}`);
  }
  throw new Error('it was let in');
}
