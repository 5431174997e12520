import { isReport, success, fieldsOf, unexpected } from './judge.ts'
import { seconds, work, type Work } from './kind-of-work.ts'
import { BREAKPOINT } from './wait-flows.ts'

/** Kinds that a row has to ask for: people, limits, wrappers, debuggers, webhooks, code that goes back. */
export const WAIT_WORK: Readonly<Record<string, Work>> = {
  ask: work({
    flow: 'chaos-ask',
    weight: 0,
    takenBack: 'alone',
    input: (rng) => ({ n: 1 + rng.int(2), shared: rng.int(3) === 0 }),
    // What they were told is compared with what is stored by check/messages.ts.
    judge: (end, { n, shared }) => {
      const { answers } = fieldsOf(end)
      const fits = Array.isArray(answers) && answers.length === n + (shared ? 2 : 0)
      return end.status === 'ENDED_SUCCESS' && fits ? null : unexpected(end, `${n} answers`)
    },
  }),
  gated: work({
    flow: 'chaos-gated',
    weight: 0,
    takenBack: 'always',
    input: (rng) => ({ shard: rng.pick(['a', 'b']), rest: seconds(rng, 0.02, 0.6) }),
    judge: (end, { shard }) => success(end, { shard }),
  }),
  back: work({
    flow: 'chaos-back',
    weight: 0,
    input: (rng, { effectsUrl }) => ({
      url: effectsUrl,
      times: 1 + rng.int(3),
      rest: seconds(rng, 0.02, 0.4),
      mode: rng.pick(['put', 'post']),
    }),
    judge: (end, { times }) => {
      const { done, times: seen } = fieldsOf(end)
      return end.status === 'ENDED_SUCCESS' && seen === times && isReport(done)
        ? null
        : unexpected(end, `an end after going back ${times} times`)
    },
  }),
  wrapped: work({
    flow: 'chaos-flaky',
    weight: 0,
    takenBack: 'alone',
    input: (rng) => ({ n: rng.int(100), fails: rng.int(3), nested: rng.int(2) === 0 }),
    request: ({ nested }) => ({
      wrappers: [...(nested ? [{ name: 'chaos-outer' }] : []), { name: 'chaos-again' }],
    }),
    judge: (end, { n, fails, nested }) => {
      const inner = { tries: fails + 1, output: { twice: n * 2 } }
      return success(end, nested ? { outer: inner } : inner)
    },
  }),
  debugged: work({
    flow: 'chaos-debugged',
    weight: 0,
    input: (rng) => ({ n: 1 + rng.int(3) }),
    request: () => ({ is_productive: false, use_breakpoints: true, breakpoints: [BREAKPOINT] }),
    judge: (end, { n }) =>
      success(
        end,
        Array.from({ length: n }, (_, turn) => turn),
      ),
  }),
  // Comes by its webhook and not by the API; check/deliveries.ts judges it.
  hook: work({ flow: 'chaos-hooked', weight: 0, input: () => ({}), judge: () => null }),
}
