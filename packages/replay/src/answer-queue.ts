import type { Answer, Outcome } from './history.ts'

/** The answer that the code sees next. `at` null: time stands still since the last one. */
export interface DueAnswer {
  readonly seq: number
  readonly outcome: Outcome
  readonly position: number | null
  readonly at: number | null
}

/**
 * The order in which answers reach the code of one execution, live and in replay alike. One answer
 * is taken per crossing; after each crossing
 *
 * 1. asynchronous steps that the crossing finished, by command number,
 * 2. then answers that belong to the activation itself, by command number,
 * 3. then the next positioned answer, by position.
 *
 * Steps come first because the sandbox knows their outcome at once, while (2) takes a turn through
 * the engine when live: a replay, which knows all of it at once, must not be quicker.
 */
export class AnswerQueue {
  readonly #steps: Own[] = []
  readonly #own: Own[] = []
  readonly #positioned: Answer[] = []
  #lastPosition = 0

  addStep(seq: number, outcome: Outcome): void {
    insertBySeq(this.#steps, { seq, outcome })
  }

  addOwn(seq: number, outcome: Outcome): void {
    insertBySeq(this.#own, { seq, outcome })
  }

  /** Answers by position; one that came before is left out. */
  addPositioned(answers: readonly Answer[]): void {
    for (const answer of answers) {
      if (answer.position <= this.#lastPosition) continue
      this.#lastPosition = answer.position
      this.#positioned.push(answer)
    }
  }

  /** How many positioned answers the code has not seen. */
  get waiting(): number {
    return this.#positioned.length
  }

  hasOwn(): boolean {
    return this.#steps.length > 0 || this.#own.length > 0
  }

  takeOwn(): DueAnswer | null {
    const own = this.#steps.shift() ?? this.#own.shift()
    return own === undefined ? null : { ...own, position: null, at: null }
  }

  takePositioned(): DueAnswer | null {
    return this.#positioned.shift() ?? null
  }
}

interface Own {
  readonly seq: number
  readonly outcome: Outcome
}

function insertBySeq(list: Own[], item: Own): void {
  let at = list.length
  for (
    let before = list[at - 1];
    before !== undefined && before.seq > item.seq;
    before = list[at - 1]
  )
    at--
  list.splice(at, 0, item)
}
