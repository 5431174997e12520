import type { Execution, Savepoint, TreeNode, Why } from '@millrace/client'

/** What the demo shows, as plain lines. */
export const say = (line = ''): void => console.log(line)

export function printWhy(of: string, why: Why): void {
  say(`why ${of}? ${why.status}: ${why.reason ?? 'it is moving'}`)
  if (why.since !== null)
    say(`    since ${why.since}${why.until === null ? '' : `, until ${why.until}`}`)
  for (const wait of why.waits) {
    const unblock = (wait.unblock ?? []).map(({ action }) => action).join(', ')
    say(
      `    waits: ${wait.kind} ${JSON.stringify(wait.ref)}${unblock === '' ? '' : `; would free it: ${unblock}`}`,
    )
  }
}

export function printTree(node: TreeNode, depth = 0): void {
  say(`  ${'  '.repeat(depth)}${node.type} ${node.name ?? node.id} ${node.status}`)
  for (const child of node.children) printTree(child, depth + 1)
}

export function printSavepoints(savepoints: readonly Savepoint[]): void {
  for (const { seq, command, name, lineno, state } of savepoints)
    say(
      `  ${String(seq).padStart(3)}  line ${String(lineno ?? '-').padStart(3)}  ${(command ?? '').padEnd(8)} ${name ?? ''}  ${state}`,
    )
}

export function printExecution(execution: Execution): void {
  const {
    id,
    type,
    flow_name,
    status,
    message,
    output_value,
    started_at,
    ended_at,
    epoch,
    version,
  } = execution
  const shown = {
    id,
    type,
    flow_name,
    status,
    message,
    output_value,
    started_at,
    ended_at,
    epoch,
    version,
  }
  for (const [key, value] of Object.entries(shown))
    say(`  ${key.padEnd(13)}${JSON.stringify(value)}`)
}
