import type { Activation, ActivationResult } from '@millrace/replay'
import { every, monotonicMs } from '@millrace/runtime'
import type { Lost } from './check-result.ts'
import { isOver } from './realm.ts'
import { realmSource } from './realm-source.ts'
import { DEFAULT_LIMITS } from './sandbox-options.ts'
import type { SandboxLimits, SandboxOptions, Script } from './sandbox-options.ts'
import { ProcessDied, SandboxProcess } from './sandbox-process.ts'
import { findWalls } from './walls.ts'
import type { Walls } from './walls.ts'
import { Workspace } from './workspace.ts'

/** Where flows run: processes beside the engine, one per workspace, with a realm per script. */
export interface Sandbox {
  /**
   * Runs a batch of activations of one script; results in order. Never rejects for what the
   * author's code does: a limit, a crash or a divergence is the `end` of that execution alone. A
   * `continue` whose execution is not here any more gives `{key, lost: true}`: replay it with a
   * `start`.
   */
  activate(
    realm: { readonly workspaceId: string; readonly script: Script },
    batch: readonly Activation[],
  ): Promise<(ActivationResult | Lost)[]>
  /** Drops a suspended execution. Harmless when it is not here. */
  forget(workspaceId: string, key: string): void
  /** How many executions are suspended here. */
  suspended(): number
  /** Ends all processes. */
  close(): Promise<void>
}

const RETIRE_MS = 5_000
const USUAL_PATH = '/usr/local/bin:/usr/bin:/bin'
const RESULTS_MAX_BYTES = 512 * 1024 * 1024

export function createSandbox(options: SandboxOptions): Sandbox {
  const limits: SandboxLimits = { ...DEFAULT_LIMITS, ...options.limits }
  const { log } = options
  const workspaces = new Map<string, Workspace>()
  /** Oldest first, over all workspaces. */
  const suspended = new Map<string, { workspaceId: string; key: string }>()
  const realm = realmSource()
  let walls: Promise<Walls> | null = null
  let closed = false
  const retiring = every(RETIRE_MS, retire)

  return {
    async activate({ workspaceId, script }, batch) {
      if (closed) throw new Error('the sandbox is closed')
      const results = await workspaceOf(workspaceId).activate(script, batch)
      for (const result of results) note(workspaceId, result)
      return results
    },
    forget,
    suspended: () => suspended.size,
    async close() {
      closed = true
      retiring.cancel()
      await Promise.all([...workspaces.values()].map((workspace) => workspace.close()))
      workspaces.clear()
      suspended.clear()
    },
  }

  function forget(workspaceId: string, key: string): void {
    suspended.delete(`${workspaceId}/${key}`)
    workspaces.get(workspaceId)?.forget(key)
  }

  function workspaceOf(id: string): Workspace {
    const found = workspaces.get(id)
    if (found !== undefined) return found
    const made = new Workspace({ limits, now: monotonicMs, startProcess })
    workspaces.set(id, made)
    makeRoom(made)
    return made
  }

  /** Keeps the number of suspended executions within its bound. */
  function note(workspaceId: string, result: ActivationResult | Lost): void {
    const id = `${workspaceId}/${result.key}`
    suspended.delete(id)
    if (isOver(result)) return
    suspended.set(id, { workspaceId, key: result.key })
    if (suspended.size <= limits.suspended) return
    const [oldest] = suspended.values()
    if (oldest !== undefined) forget(oldest.workspaceId, oldest.key)
  }

  /** Ends the workspace that was idle longest when there are too many processes. */
  function makeRoom(newest: Workspace): void {
    let count = 1
    for (const workspace of workspaces.values()) count += workspace.processes
    if (count <= limits.processes) return
    const idle = [...workspaces].filter(([, workspace]) => workspace !== newest && !workspace.busy)
    const oldest = idle.sort(([, a], [, b]) => a.usedAt - b.usedAt)[0]
    if (oldest !== undefined) void end(...oldest)
  }

  function retire(): void {
    const before = monotonicMs() - limits.idleMs
    for (const [id, workspace] of workspaces) {
      workspace.retire(before)
      if (workspace.usedAt < before && workspace.processes === 0 && !workspace.busy)
        workspaces.delete(id)
    }
  }

  async function end(id: string, workspace: Workspace): Promise<void> {
    workspaces.delete(id)
    for (const [key, { workspaceId }] of suspended) if (workspaceId === id) suspended.delete(key)
    await workspace.close()
  }

  async function startProcess(): Promise<SandboxProcess> {
    walls ??= findWalls(options.isolation ?? 'auto', options.path ?? USUAL_PATH).then((found) => {
      log.info({ walls: found.name }, 'sandbox processes run behind these walls')
      return found
    })
    const { memoryMib, cpuMs, processMib, commands, logsPerActivation, logs, payloadBytes, depth } =
      limits
    const hello = {
      type: 'hello',
      limits: { commands, logsPerActivation, logs, payloadBytes, depth },
      memoryMib,
      cpuMs,
      processMib,
    } as const
    const found = await walls
    if (closed) throw new ProcessDied('The sandbox is closed', 'unable', null)
    return new SandboxProcess(found, hello, realm, {
      maxBytes: RESULTS_MAX_BYTES,
      hungMs: limits.hungMs,
      log,
    })
  }
}
