import { after, before } from 'node:test'
import { createRig, type Rig } from './rig.ts'
import { type Stack, type StackOptions, startStack } from './start-stack.ts'

/** The stack of a suite; only there while its tests run. */
export interface StackInUse {
  readonly stack: Stack
  readonly rig: Rig
}

/** A machine that runs many tests stands still for longer than a gateway should. */
const PATIENT = { MILLRACE_BUSY_MS: '60000' }

/** Starts a stack before the tests of the enclosing suite and ends it after them. */
export function useStack(
  prepare?: (at: StackInUse) => Promise<void>,
  options?: StackOptions,
): StackInUse {
  let used: { stack: Stack; rig: Rig } | null = null
  const now = (): { stack: Stack; rig: Rig } => {
    if (used === null) throw new Error('the stack is not running: use it inside of tests')
    return used
  }
  const at: StackInUse = {
    get stack() {
      return now().stack
    },
    get rig() {
      return now().rig
    },
  }
  before(async () => {
    const stack = await startStack({ ...options, env: { ...PATIENT, ...options?.env } })
    used = { stack, rig: createRig(stack.client) }
    await prepare?.(at)
  })
  after(async () => {
    await used?.stack.stop()
  })
  return at
}
