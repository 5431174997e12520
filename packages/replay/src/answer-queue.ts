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
  readonly #steps = new Line<Own>()
  readonly #own = new Line<Own>()
  readonly #positioned = new Line<Answer>()
  #lastPosition = 0

  addStep(seq: number, outcome: Outcome): void {
    this.#steps.addBySeq({ seq, outcome })
  }

  addOwn(seq: number, outcome: Outcome): void {
    this.#own.addBySeq({ seq, outcome })
  }

  /** Answers by position; one that came before is left out. */
  addPositioned(answers: readonly Answer[]): void {
    for (const answer of answers) {
      if (answer.position <= this.#lastPosition) continue
      this.#lastPosition = answer.position
      this.#positioned.add(answer)
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
    const own = this.#steps.take() ?? this.#own.take()
    return own === null ? null : { ...own, position: null, at: null }
  }

  takePositioned(): DueAnswer | null {
    return this.#positioned.take()
  }
}

interface Own {
  readonly seq: number
  readonly outcome: Outcome
}

/** First in, first out. What is taken leaves its place empty: moving up all others costs too much. */
class Line<Item extends { readonly seq: number }> {
  #items: (Item | null)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  add(item: Item): void {
    this.#items.push(item)
  }

  addBySeq(item: Item): void {
    let at = this.#items.length
    while (at > this.#head && (this.#items[at - 1]?.seq ?? 0) > item.seq) at--
    this.#items.splice(at, 0, item)
  }

  take(): Item | null {
    const item = this.#items[this.#head] ?? null
    if (item === null) return null
    this.#items[this.#head++] = null
    if (this.#head === this.#items.length) {
      this.#items = []
      this.#head = 0
    }
    return item
  }
}
