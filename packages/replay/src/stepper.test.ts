import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { CallStack, isOuter } from './call-stack.ts'
import type { CallFrame } from './call-stack.ts'
import { Stepper } from './stepper.ts'
import type { StopAnswer } from './debug.ts'

/** A call as a tree: what it does in turn. A number is a line; `wait` leaves it until the others have run. */
type Body = readonly (number | 'wait' | { readonly body: Body; readonly awaits: boolean })[]

const { body } = fc.letrec<{ body: Body }>((tie) => ({
  body: fc.array(
    fc.oneof(
      { maxDepth: 3, depthSize: 'small' },
      fc.integer({ min: 1, max: 6 }),
      fc.constant('wait' as const),
      fc.record({ body: tie('body'), awaits: fc.boolean() }),
    ) as fc.Arbitrary<Body[number]>,
    { minLength: 1, maxLength: 5 },
  ),
}))

interface Visit {
  readonly frame: CallFrame
  readonly line: number
  /** Who called the frame, innermost first, by the program that ran. */
  readonly callers: readonly CallFrame[]
}

/** Runs a tree the way compiled code does, and says of each line that was come to whether it stops. */
function run(root: Body, onLine: (stack: CallStack, visit: Visit) => void): CallStack {
  const stack = new CallStack()
  const queue: (() => void)[] = []
  const call = (parts: Body, callers: readonly CallFrame[], done: () => void): void => {
    const frame = stack.enter()
    const go = (at: number): void => {
      for (let i = at; i < parts.length; i++) {
        const part = parts[i] ?? 0
        if (typeof part === 'number') {
          stack.reach(frame, part)
          onLine(stack, { frame, line: part, callers })
          continue
        }
        const goOn = (): void => {
          stack.resume(frame, false)
          go(i + 1)
        }
        if (part === 'wait') {
          stack.suspend(frame)
          queue.push(goOn)
          return
        }
        let over = false
        let left = false
        call(part.body, [frame, ...callers], () => {
          over = true
          if (left) queue.push(goOn)
        })
        if (!part.awaits) continue
        stack.suspend(frame)
        if (over) queue.push(goOn)
        else left = true
        return
      }
      stack.leave(frame)
      done()
    }
    go(0)
  }
  call(root, [], () => undefined)
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    stack.clear()
    next()
  }
  return stack
}

const ANSWERS: readonly StopAnswer[] = [
  { action: 'continue' },
  { action: 'step_over' },
  { action: 'step_into' },
  { action: 'step_out' },
  { action: 'run_to', line: 3 },
]

suite('stepping', () => {
  test('over, into and out never stop in a call that they must pass, nor pass one they must stop in', () => {
    fc.assert(
      fc.property(
        body,
        fc.nat(20),
        fc.constantFrom(...ANSWERS),
        fc.constantFrom(0, 2),
        (root, from, answer, breakpoint) => {
          const stepper = new Stepper()
          stepper.adjust({ breakpoints: [], pause: false })
          let visits = 0
          let begun: (Visit & { calls: number }) | null = null
          let over = false
          run(root, (stack, visit) => {
            if (begun === null) {
              if (visits++ < from) return
              stepper.adjust({ breakpoints: [breakpoint], pause: false })
              stepper.go(answer, visit.frame, stack.calls)
              begun = { ...visit, calls: stack.calls }
              return
            }
            if (over) return
            const reason = stepper.reasonAt(visit.line, visit.frame)
            assert.equal(reason ?? 'none', expected(begun, visit, answer, breakpoint))
            over = reason !== null
          })
        },
      ),
      { seed: 11, numRuns: 3_000 },
    )
  })

  /** The rules once more, by who called whom in truth. */
  function expected(
    from: Visit & { calls: number },
    to: Visit,
    answer: StopAnswer,
    breakpoint: number,
  ): string {
    if (to.line === breakpoint) return 'breakpoint'
    if (answer.action === 'continue') return 'none'
    if (answer.action === 'run_to') return to.line === answer.line ? 'step' : 'none'
    const isNothingLeft = [from.frame, ...from.callers].every(({ ended }) => ended)
    if (from.callers.includes(to.frame) || isNothingLeft) return 'step'
    if (answer.action === 'step_out') return 'none'
    if (to.frame === from.frame) return 'step'
    if (answer.action === 'step_over') return 'none'
    const root = to.callers.at(-1) ?? to.frame
    return to.callers.includes(from.frame) || root.id > from.calls ? 'step' : 'none'
  }

  test('a pause stops at the next line, but not in the body of the module', () => {
    const stack = new CallStack()
    const stepper = new Stepper()
    stepper.adjust({ breakpoints: [], pause: true })
    const module = stack.enter(true)
    assert.equal(stepper.reasonAt(1, module), null)
    stack.leave(module)
    assert.equal(stepper.reasonAt(2, stack.enter()), 'pause')
    assert.equal(stepper.reasonAt(2, null), 'pause')
  })

  test('without calls to follow there is no stepping, and breakpoints hold', () => {
    const stepper = new Stepper()
    stepper.adjust({ breakpoints: [7], pause: false })
    stepper.go({ action: 'step_over' }, null, 0)
    assert.deepEqual([stepper.reasonAt(6, null), stepper.reasonAt(7, null)], [null, 'breakpoint'])
  })
})

suite('the stack of calls', () => {
  test('a call knows its callers as long as they live', () => {
    fc.assert(
      fc.property(body, (root) => {
        run(root, (stack, { frame, callers }) => {
          assert.equal(stack.top, frame)
          const alive = (list: readonly CallFrame[]) => list.filter(({ ended }) => !ended)
          assert.deepEqual(alive(callersOf(frame)), alive(callers))
        })
      }),
      { seed: 12, numRuns: 1_000 },
    )
  })

  test('a loop that calls itself for ever keeps no chain of ended calls', () => {
    const stack = new CallStack()
    let frame = stack.enter()
    for (let i = 0; i < 1_000; i++) {
      stack.resume(frame, false)
      const next = stack.enter()
      stack.suspend(next)
      stack.leave(frame)
      frame = next
    }
    assert.ok(callersOf(frame).length <= 2)
    assert.equal(isOuter(frame, frame), false)
  })
})

function callersOf(frame: CallFrame): CallFrame[] {
  const callers: CallFrame[] = []
  for (let { parent } = frame; parent !== null; parent = parent.parent) callers.push(parent)
  return callers
}
