import type { Socket } from 'node:net'
import { after, monotonicMs, type Timer } from '@millrace/runtime'
import type { Rng } from '../rng.ts'
import type { Frame } from './nats-frames.ts'

/** What one direction of a connection does with the bytes. */
export type Behaviour =
  | { readonly kind: 'pass' }
  /** Late by `ms` and up to `jitterMs` more, in order. */
  | { readonly kind: 'delay'; readonly ms: number; readonly jitterMs: number }
  /** Held back, the end of the connection too; they go on when it passes again, as after a lost network. */
  | { readonly kind: 'stall' }
  /** The connection breaks for both sides at once. */
  | { readonly kind: 'reset' }
  /** Ends this direction in order and swallows the rest; the other one goes on. */
  | { readonly kind: 'half-close' }
  /** So many bytes still pass; then it breaks for both sides, in the middle of whatever it was. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /**
   * What matches `after` is passed on whole, and with `chance` the connection breaks before the answer
   * to it has come back: the other side has done it, and nobody is told.
   */
  | { readonly kind: 'lose-answer'; readonly after: RegExp; readonly chance: number }
  | Shuffle

/**
 * Messages to a NATS are lost, sent again late, or late themselves, with these chances and up to
 * `withinMs`: whatever is late is overtaken. Only towards NATS, and of its own subjects only the
 * acknowledgements.
 */
export interface Shuffle {
  readonly kind: 'shuffle'
  readonly lost: number
  readonly twice: number
  readonly late: number
  readonly withinMs: number
}

/** What happened, to see that a fault has hit anything. */
export interface Hits {
  delayed: number
  held: number
  broken: number
  answersLost: number
  shuffled: number
}

export interface Pipe {
  behave(behaviour: Behaviour): void
}

export interface PipeOptions {
  readonly source: Socket
  readonly target: Socket
  readonly rng: Rng
  readonly hits: Hits
  readonly breakBoth: () => void
  /** Called when an answer is to be lost: the other direction lets `bytes` of it through. */
  readonly loseAnswer: (bytes: number) => void
  /** Splits what is sent into what can be moved; needed to shuffle. */
  readonly split?: (chunk: Buffer) => Frame[]
}

/** Bytes that are held before the sender is made to wait, about what two kernels would hold. */
const HELD_MAX_BYTES = 1_024 * 1_024
/** A match may straddle two reads by this much. */
const OVERLAP_BYTES = 64
/** Requests to NATS itself, and answers: without them nobody knows anything. */
const NOT_SHUFFLED = /^(?:_INBOX|\$JS\.API)\./
/** Of a lost answer, up to this many bytes arrive: some cuts are before it and some within. */
const ANSWER_BYTES = 48

export function createPipe(options: PipeOptions): Pipe {
  const { source, target, rng, hits, breakBoth, loseAnswer, split } = options
  let behaviour: Behaviour = { kind: 'pass' }
  let left = 0
  let heldBytes = 0
  let tail = ''
  let isBlocked = false
  let timer: Timer | null = null
  const queue: { readonly chunk: Buffer | 'end' | 'close'; readonly readyAtMs: number }[] = []

  source.on('data', (chunk: Buffer) => {
    if (behaviour.kind === 'half-close') return
    if (behaviour.kind === 'lose-answer' && matches(chunk, behaviour.after))
      if (rng.next() < behaviour.chance) {
        hits.answersLost += 1
        loseAnswer(rng.int(2) * rng.int(ANSWER_BYTES))
      }
    if (split === undefined) push(chunk)
    else for (const frame of split(chunk)) if (!isShuffled(frame)) push(frame.bytes)
  })
  source.on('end', () => push('end'))
  source.on('close', () => push('close'))
  target.on('drain', () => {
    isBlocked = false
    pump()
  })

  function push(chunk: Buffer | 'end' | 'close'): void {
    if (Buffer.isBuffer(chunk)) heldBytes += chunk.length
    if (heldBytes > HELD_MAX_BYTES) source.pause()
    let readyAtMs = queue.at(-1)?.readyAtMs ?? 0
    if (behaviour.kind === 'delay') {
      hits.delayed += 1
      const lateMs = behaviour.ms + rng.next() * behaviour.jitterMs
      readyAtMs = Math.max(readyAtMs, monotonicMs() + lateMs)
    }
    if (behaviour.kind === 'stall') hits.held += 1
    queue.push({ chunk, readyAtMs })
    pump()
  }

  /** Whether the message itself does not go on now. */
  function isShuffled({ subject, bytes }: Frame): boolean {
    if (behaviour.kind !== 'shuffle' || subject === null || NOT_SHUFFLED.test(subject)) return false
    const { lost, twice, late, withinMs } = behaviour
    const chance = rng.next()
    if (chance >= lost + twice + late) return false
    hits.shuffled += 1
    if (chance >= lost) after(rng.next() * withinMs, () => push(bytes))
    return chance < lost || chance >= lost + twice
  }

  function pump(): void {
    timer?.cancel()
    timer = null
    while (!isBlocked && behaviour.kind !== 'stall') {
      const [head] = queue
      if (head === undefined) return
      const waitMs = head.readyAtMs - monotonicMs()
      if (waitMs > 0) {
        timer = after(waitMs, pump)
        return
      }
      queue.shift()
      if (!pass(head.chunk)) return
    }
  }

  /** Whether there is more to do. */
  function pass(chunk: Buffer | 'end' | 'close'): boolean {
    if (chunk === 'end') target.end()
    else if (chunk === 'close') target.destroy()
    else {
      heldBytes -= chunk.length
      if (heldBytes <= HELD_MAX_BYTES && source.isPaused()) source.resume()
      if (behaviour.kind === 'truncate') return truncate(chunk)
      if (!target.destroyed) isBlocked = !target.write(chunk)
    }
    return true
  }

  function truncate(chunk: Buffer): boolean {
    const part = chunk.subarray(0, left)
    left -= part.length
    if (part.length === chunk.length && left > 0) {
      isBlocked = !target.write(part)
      return true
    }
    hits.broken += 1
    // A reset would overtake what was written; whatever is written is to arrive.
    if (part.length === 0) breakBoth()
    else target.write(part, breakBoth)
    return false
  }

  function matches(chunk: Buffer, pattern: RegExp): boolean {
    const text = tail + chunk.toString('latin1')
    tail = text.slice(-OVERLAP_BYTES)
    if (!pattern.test(text)) return false
    tail = ''
    return true
  }

  return {
    behave(next) {
      behaviour = next
      if (next.kind === 'truncate') left = next.bytes
      if (next.kind === 'reset') {
        hits.broken += 1
        breakBoth()
      } else if (next.kind === 'half-close') target.end()
      pump()
    },
  }
}
