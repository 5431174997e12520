import type { Activation, ActivationResult } from '@millrace/replay'
import { type Batcher, createBatcher, type Database, loadScripts } from '@millrace/store'
import type { Lost, Sandbox } from '@millrace/sandbox'
import type { Realm } from './held.ts'

/** The scripts that this engine runs, and the way into the sandbox. */
export interface Realms {
  /** Null: the script is not in its workspace. */
  load(workspaceId: string, hash: string): Promise<Realm | null>
  /**
   * Shares a message with all that enter the same realm at the same time. `onEnter` is called when
   * that message goes: what waits for its turn is not at work yet. `bytes`: what it brings along.
   */
  activate(
    realm: Realm,
    activation: Activation,
    onEnter: () => void,
    bytes?: number,
  ): Promise<ActivationResult | Lost>
}

/**
 * One natural batch per realm: while the sandbox runs one, the next collects. Scripts are content,
 * so a script once read never changes; the most recent ones are kept.
 */
export function createRealms({
  db,
  sandbox,
  maxScripts = 1_000,
}: {
  readonly db: Database
  readonly sandbox: Sandbox
  readonly maxScripts?: number
}): Realms {
  const scripts = new Map<string, Promise<Realm | null>>()
  const queues = new Map<string, Batcher<Entering, ActivationResult | Lost>>()

  return {
    load(workspaceId, hash) {
      const key = `${workspaceId}/${hash}`
      const known = scripts.get(key)
      if (known !== undefined) return known
      const loading = read(workspaceId, hash)
      scripts.set(key, loading)
      loading.catch(() => scripts.delete(key)) // Postgres was away: the next one asks again
      if (scripts.size > maxScripts) scripts.delete(scripts.keys().next().value ?? '')
      return loading
    },

    activate(realm, activation, onEnter, bytes = 0) {
      const key = `${realm.workspaceId}/${realm.script.hash}`
      let queue = queues.get(key)
      if (queue === undefined) {
        queue = createBatcher<Entering, ActivationResult | Lost>({
          run(batch) {
            for (const entering of batch) entering.onEnter()
            return sandbox.activate(
              realm,
              batch.map((entering) => entering.activation),
            )
          },
          concurrency: 2, // one crosses while the next is on its way
          bytesOf: sizeOf,
          maxBytes: MAX_BATCH_BYTES,
        })
        queues.set(key, queue)
        if (queues.size > maxScripts) dropIdle()
      }
      return queue.add({ activation, onEnter, bytes })
    },
  }

  async function read(workspaceId: string, hash: string): Promise<Realm | null> {
    const [script] = await loadScripts(db, [{ workspaceId, hash }])
    if (script === undefined) return null
    return { workspaceId, script: { hash, language: script.language, source: script.source } }
  }

  function dropIdle(): void {
    for (const [key, queue] of queues) if (queue.size === 0) queues.delete(key)
  }
}

interface Entering {
  readonly activation: Activation
  readonly onEnter: () => void
  readonly bytes: number
}

// At most 128 in one message: when one of them passes a limit, all of them are run again, alone.
// A larger single activation goes by itself.
const MAX_BATCH_BYTES = 64 * 1_024

function sizeOf({ activation, bytes }: Entering): number {
  const history = activation.kind === 'start' ? activation.history.length : 0
  return 512 + Math.max(bytes, (history + activation.answers.length) * 256)
}
