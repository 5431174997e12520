import type { Deadlock, Link } from '@millrace/lock'
import type { ErrorValue } from '@millrace/replay'
import type { BlockedExecution, BlockedWait } from '@millrace/store'

/** What the names of a cycle are: of executions by id, of locks by key. */
export interface CycleNames {
  readonly executions: ReadonlyMap<string, BlockedExecution>
  readonly locks: ReadonlyMap<string, string>
}

/** The error that the victim's call throws: it names every link of the cycle. */
export function describeDeadlock(deadlock: Deadlock<BlockedWait>, names: CycleNames): ErrorValue {
  const links = deadlock.cycle.map((link) => ({
    execution_id: link.executionId,
    name: names.executions.get(link.executionId)?.name ?? null,
    waits_for: waitsFor(link, names),
    next: link.next,
  }))
  const sentence = deadlock.cycle.map((link) => `${who(link.executionId)} waits for ${what(link)}`)
  return {
    name: 'DeadlockError',
    message: `Deadlock: ${sentence.join('; ')}. This call was ended because its execution is the youngest that can free the others.`,
    details: { cycle: links },
  }

  function who(id: string): string {
    const name = names.executions.get(id)?.name ?? null
    return name === null ? id : `${name} (${id})`
  }

  function what(link: Link<BlockedWait>): string {
    const { waitKind, subject } = link.wait
    if (waitKind !== 'LOCK' || subject === null) return `execution ${who(link.next)}`
    return `lock ${names.locks.get(subject) ?? subject}, which ${who(link.next)} holds`
  }
}

function waitsFor({ wait, next }: Link<BlockedWait>, names: CycleNames) {
  if (wait.waitKind !== 'LOCK' || wait.subject === null) return { execution_id: next }
  return { lock: wait.subject, name: names.locks.get(wait.subject) ?? null }
}
