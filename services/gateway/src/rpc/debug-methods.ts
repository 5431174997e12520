import type { GrpcImplementation } from '@millrace/runtime/grpc'
import { type executionService, pb } from '@millrace/wire'
import type { Context } from '../context.ts'
import { idOf } from '../http/execution-parts.ts'
import { bodyCheck } from '../http/validate.ts'
import { debugExecution, makeProductive } from '../operations/debug-execution.ts'
import { inspectExecution } from '../operations/inspect-execution.ts'
import { type DebugView, readDebug } from '../operations/read-debug.ts'
import { DebugBody, InspectBody } from '../schemas/execution.ts'
import { callerOf } from './caller.ts'
import { changeExecution } from './change-execution.ts'
import { withoutUndefined } from './create-request.ts'
import { waitSecondsOf } from './wait-seconds.ts'

type Methods = Pick<
  GrpcImplementation<typeof executionService>,
  'debug' | 'readDebug' | 'makeProductive' | 'inspect'
>

/** What of the service is the debugger's. Bodies are checked as REST's are. */
export function debugMethods(context: Context): Methods {
  return {
    async debug({ id, idempotencyKey: key, ...request }, call) {
      const { action, line, seq, breakpoints, useBreakpoints } = request
      const body = withoutUndefined({
        action: ACTIONS[action],
        line,
        seq,
        breakpoints: breakpoints?.lines,
        use_breakpoints: useBreakpoints,
      })
      checkDebug(body)
      const asked = { id, key, method: 'execution.debug', body }
      return changeExecution(context, call, asked, (caller, known, isRepeat) =>
        debugExecution(context, caller, { id: known, body, isRepeat }),
      )
    },
    async readDebug({ id, waitSeconds: asked }, call) {
      const caller = await callerOf(context, call)
      const waitSeconds = waitSecondsOf(asked)
      const leave = context.admission.enter({ bytes: 0, waits: waitSeconds > 0 })
      try {
        const gone = (): AbortSignal => call.signal
        const request = { id: idOf({ id }), waitSeconds, gone, withLines: false }
        return toMessage(await readDebug(context, caller, request))
      } finally {
        leave()
      }
    },
    async makeProductive({ id, idempotencyKey: key }, call) {
      const asked = { id, key, method: 'execution.makeProductive' }
      return changeExecution(context, call, asked, (caller, known) =>
        makeProductive(context, caller, { id: known }),
      )
    },
    async inspect({ id, seq, expressions }, call) {
      const caller = await callerOf(context, call)
      const body = withoutUndefined({ seq, expressions })
      checkInspect(body)
      const json = await inspectExecution(context, caller, { id: idOf({ id }), body })
      return { stop: JSON.parse(json) as Record<string, unknown> }
    },
  }
}

const toMessage = (seen: DebugView): pb.ExecutionServiceReadDebugResponse => ({
  isStopped: seen.is_stopped,
  stop: seen.stop === null ? undefined : { ...seen.stop },
  breakpoints: [...seen.breakpoints],
  useBreakpoints: seen.use_breakpoints,
  useOnlyExplicitBreakpoints: seen.use_only_explicit_breakpoints,
  breakNext: seen.break,
})

const checkDebug = bodyCheck(DebugBody)
const checkInspect = bodyCheck(InspectBody)

const ACTIONS: Readonly<Partial<Record<pb.DebugAction, NonNullable<DebugBody['action']>>>> = {
  [pb.DebugAction.CONTINUE]: 'continue',
  [pb.DebugAction.STEP_OVER]: 'step_over',
  [pb.DebugAction.STEP_INTO]: 'step_into',
  [pb.DebugAction.STEP_OUT]: 'step_out',
  [pb.DebugAction.RUN_TO]: 'run_to',
  [pb.DebugAction.BREAK]: 'break',
}
