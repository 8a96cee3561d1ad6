/** What the parts of the compiler share: the list of problems, and the book of who has what. */
import { didYouMean } from './nearest.ts';
import type { SourcePlace } from './policy.ts';
import { type Problem, problemAt } from './problem.ts';

/** The names of one kind that the files describe. Not complete: a file was refused, so that a name not here may still exist. */
export interface Known {
  readonly names: { has(name: string): boolean; keys(): Iterable<string> };
  readonly isComplete: boolean;
}

/** A search among all names takes its time: a folder where everything is wrong gets this many. */
const MAX_SUGGESTIONS = 100;

/** Who has something that only one may have. */
export interface Holder {
  /** `agent triage-agent`. */
  readonly words: string;
  /** Found only when it is needed for a message. */
  readonly place: () => SourcePlace;
}

export class Compilation {
  readonly problems: Problem[] = [];
  readonly #holders = new Map<string, Holder>();

  /** Whether a message may still take the time to look for what would be right. */
  get maySuggest(): boolean {
    return this.problems.length < MAX_SUGGESTIONS;
  }

  report(place: SourcePlace, message: string): void {
    this.problems.push(problemAt(place, message));
  }

  /**
   * Takes what only one may have: an id, a key, a resource. `what` tells kinds of things apart (`key …`). When another has it
   * already, that is a problem in these words, followed by who and where, and by what to do.
   */
  claim(what: string, holder: Holder, words: string, advice = ''): void {
    const other = this.#holders.get(what);
    if (other === undefined) {
      this.#holders.set(what, holder);
      return;
    }
    const { file, line, column } = other.place();
    this.report(holder.place(), `${words} ${other.words} (${file}:${line}:${column})${advice === '' ? '' : `: ${advice}`}`);
  }

  /** Whether a name is known. If it cannot be, that is a problem; `advice` says where it should be described. */
  checkName(kind: string, written: string, known: Known, place: () => SourcePlace, advice: string): boolean {
    if (known.names.has(written)) return true;
    if (known.isComplete) {
      const meant = this.maySuggest ? didYouMean(written, known.names.keys()) : '';
      this.report(place(), `no ${kind} is called \`${written}\`${meant === '' ? `: ${advice}` : meant}`);
    }
    return false;
  }
}
