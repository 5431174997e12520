import { isDeepStrictEqual } from 'node:util'
import {
  checkOutcome,
  expectOutcome,
  PROGRAM_FLOW,
  randomProgram,
  UNATTENDED,
} from '../../simulation/program/index.ts'
import { BOMBS } from './flows.ts'
import { fieldsOf, judgeEffects, judgeLocks, sameTwice, success, unexpected } from './judge.ts'
import { seconds, work, type Work } from './kind-of-work.ts'
import { WAIT_WORK } from './wait-work.ts'

/** Locks of random programs. */
export const PROGRAM_LOCKS = ['program-1', 'program-2', 'program-3'] as const

/** Locks that flows take in any order. */
export const RING_LOCKS = ['lock-ring-1', 'lock-ring-2', 'lock-ring-3'] as const

export const WORK: Readonly<Record<string, Work>> = {
  quick: work({
    flow: 'chaos-quick',
    weight: 12,
    takenBack: 'always',
    input: (rng) => ({ n: rng.int(1_000) }),
    judge: (end, { n }) => success(end, { twice: n * 2 }),
  }),
  steps: work({
    flow: 'chaos-steps',
    weight: 20,
    takenBack: 'always',
    input: (rng) => ({ n: 5 + rng.int(16), rest: seconds(rng, 0.05, 1.5) }),
    judge: (end, { n }) => sameTwice(end, n),
  }),
  slow: work({
    flow: 'chaos-slow',
    weight: 8,
    takenBack: 'always',
    input: (rng) => ({
      turns: 1 + rng.int(3),
      loops: 10_000_000 + rng.int(60_000_000),
      rest: seconds(rng, 0.02, 0.2),
    }),
    judge: (end) => sameTwice(end, 1),
  }),
  timer: work({
    flow: 'chaos-timer',
    weight: 16,
    takenBack: 'always',
    input: (rng) => ({
      seconds: Array.from({ length: 1 + rng.int(3) }, () => seconds(rng, 0.05, 4)),
    }),
    judge: (end, input) => success(end, input.seconds.length),
  }),
  lock: work({
    flow: 'chaos-lock',
    weight: 18,
    takenBack: 'alone',
    input: (rng, { effectsUrl, locks }) => ({
      url: effectsUrl,
      locks: [rng.pick(locks)],
      hold: seconds(rng, 0, 0.1),
    }),
    judge: judgeLocks,
  }),
  locks: work({
    flow: 'chaos-lock',
    weight: 6,
    takenBack: 'alone',
    // In one order, so that no ring can come of it.
    input: (rng, { effectsUrl, locks }) => ({
      url: effectsUrl,
      locks: [...new Set([rng.pick(locks), rng.pick(locks)])].toSorted(),
      hold: seconds(rng, 0, 0.05),
    }),
    judge: judgeLocks,
  }),
  effect: work({
    flow: 'chaos-effect',
    weight: 14,
    takenBack: 'alone',
    input: (rng, { effectsUrl }) => ({ url: effectsUrl, n: 1 + rng.int(3) }),
    judge: (end, { n }) => judgeEffects(end, n),
  }),
  post: work({
    flow: 'chaos-effect',
    weight: 6,
    takenBack: 'alone',
    input: (rng, { effectsUrl }) => ({ url: effectsUrl, n: 1 + rng.int(2), mode: 'post' }),
    judge: (end, { n }) => judgeEffects(end, n),
  }),
  tree: work({
    flow: 'chaos-tree',
    weight: 10,
    takenBack: 'alone',
    input: (rng) => ({
      rests: Array.from({ length: 1 + rng.int(5) }, () => seconds(rng, 0, 1)),
    }),
    judge: (end, { rests }) => success(end, rests.length * (rests.length - 1) + 100),
  }),
  race: work({
    flow: 'chaos-race',
    weight: 5,
    takenBack: 'alone',
    input: (rng) => ({
      rests: Array.from({ length: 2 + rng.int(3) }, () => seconds(rng, 0.05, 1)),
    }),
    judge: (end, { rests }) => {
      const { winner, again, all } = fieldsOf(end)
      const fits = Number.isInteger(winner) && rests[Number(winner)] !== undefined
      if (end.status === 'ENDED_SUCCESS' && fits && winner === again && all === rests.length)
        return null
      return unexpected(end, 'one winner, twice the same')
    },
  }),
  fail: work({
    flow: 'chaos-fail',
    weight: 4,
    takenBack: 'alone',
    input: (rng) => ({ loud: rng.int(2) === 1 }),
    judge: (end) =>
      end.status === 'ENDED_ERROR' &&
      (end.message ?? '').includes('on purpose after DependencyFailedError')
        ? null
        : unexpected(end, 'an error on purpose'),
  }),
  large: work({
    flow: 'chaos-large',
    weight: 2,
    takenBack: 'always',
    input: (rng) => ({ size: 40_000 + rng.int(200_000) }),
    judge: (end, { size }) =>
      end.status === 'ENDED_SUCCESS' &&
      fieldsOf(end)['size'] === size &&
      String(fieldsOf(end)['text']).length === size
        ? null
        : unexpected({ ...end, output: fieldsOf(end)['size'] }, `${size} characters`),
  }),
  bomb: work({
    flow: 'chaos-bomb',
    weight: 0,
    input: () => ({ kind: 'loop' }),
    judge: (end, { kind }) =>
      end.status === 'ENDED_ERROR' && BOMBS[kind]?.says.test(end.message ?? '') === true
        ? null
        : unexpected(end, `an end of ${kind} by its limit`),
  }),
  herd: work({
    flow: 'chaos-herd',
    weight: 0,
    input: () => ({}),
    judge: (end) =>
      end.status === 'ENDED_SUCCESS' && Number(fieldsOf(end)['token']) > 0
        ? null
        : unexpected(end, 'a token'),
  }),
  program: work({
    flow: PROGRAM_FLOW,
    weight: 14,
    input: (rng, { effectsUrl }) => ({
      run: `run-${rng.int(2 ** 31)}`,
      program: randomProgram(rng, {
        features: UNATTENDED,
        maxNodes: 10,
        locks: PROGRAM_LOCKS,
        effectUrl: effectsUrl,
      }),
    }),
    judge: ({ status, message, output }, { program }) => {
      const wrong = checkOutcome(expectOutcome(program, { effects: 'may-fail' }), {
        ...{ status, message, output: output as never },
        ...{ tookMs: null, effects: null, logs: null },
      })
      return wrong.length === 0 ? null : wrong.join('; ')
    },
  }),
  ring: work({
    flow: 'chaos-ring',
    weight: 0,
    input: (rng) => ({
      locks: [RING_LOCKS[rng.int(3)], RING_LOCKS[rng.int(3)]],
      rest: seconds(rng, 0, 0.3),
      timeout: rng.int(2) === 0 ? 0 : seconds(rng, 0.2, 2),
    }),
    judge: (end, { locks }) => {
      const { got, error } = fieldsOf(end)
      const whole = error === null && isDeepStrictEqual(got, locks)
      const gaveUp = error === 'DeadlockError' || error === 'LockTimeoutError'
      return end.status === 'ENDED_SUCCESS' && (whole || gaveUp)
        ? null
        : unexpected(end, 'all locks, or a ring that was noticed')
    },
  }),
  ...WAIT_WORK,
}
