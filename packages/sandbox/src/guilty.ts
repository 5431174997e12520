import type { Activation, ActivationResult, End } from '@millrace/replay'
import type { BatchFailure } from './realm.ts'
import type { SandboxLimits } from './sandbox-options.ts'

/** The result of an execution that the platform ends, for what its code did. */
export function endedBy(
  activation: Activation,
  failure: BatchFailure,
  limits: SandboxLimits,
): ActivationResult {
  const end: End = {
    status: 'ENDED_ERROR',
    message: failure.why === 'syntax' ? failure.message : messageOf(failure.why, limits),
    output: null,
    reason: failure.why === 'syntax' ? 'syntax' : 'limit',
  }
  return {
    key: activation.key,
    entries: [],
    commands: [],
    logs: [],
    fields: null,
    consumed: activation.answers.at(-1)?.position ?? 0,
    open: [],
    line: null,
    lastCommand: null,
    end,
  }
}

function messageOf(why: Exclude<BatchFailure['why'], 'syntax'>, limits: SandboxLimits): string {
  switch (why) {
    case 'cpu':
      return `The flow used more than ${limits.cpuMs / 1000} s of CPU time between two answers, the limit of CPU time per activation. Look for an endless loop, a slow regular expression, or more and more memory, which keeps its collector busy; or split the work over child flows.`
    case 'memory':
      return `The flow used more than ${limits.memoryMib} MiB of memory, the limit of memory per realm. Keep less at once, or split the work over child flows.`
    case 'hung':
      return `The sandbox process of the flow gave no sign of life for ${limits.hungMs / 1000} s, twice, and the second time it was alone in it. Look for inputs or outputs of many parts, or split the work over child flows.`
    case 'broken':
      return 'The flow broke its sandbox, and was alone in it. The limit is that a sandbox answers in its own protocol.'
  }
}
