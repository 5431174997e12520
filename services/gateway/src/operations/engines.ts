import { ServiceError, toServiceError } from '@millrace/runtime'
import { createGrpcClient, type GrpcClient } from '@millrace/runtime/grpc'
import { type Database, liveProcesses } from '@millrace/store'
import { engineService } from '@millrace/wire'

export interface InspectRequest {
  readonly workspaceId: string
  readonly executionId: string
  readonly seq: number
  readonly expressions: readonly string[]
}

/** The engines that live, for the few things that are asked of one directly. */
export interface Engines {
  /** `stop`: JSON text. `failed`: a sentence. Throws `unavailable` when no engine answers. */
  inspect(request: InspectRequest): Promise<{ readonly stop: string } | { readonly failed: string }>
  close(): void
}

// Two replays with all of their CPU time, and a sandbox process to be started for them.
const INSPECT_WITHIN_MS = 30_000

export function createEngines(db: Database): Engines {
  const clients = new Map<string, GrpcClient<typeof engineService>>()

  return {
    async inspect({ expressions, ...place }) {
      const request = { ...place, expressions: [...expressions] }
      for (const address of await addresses()) {
        try {
          const { result } = await clientOf(address).inspect(request, {
            timeoutMs: INSPECT_WITHIN_MS,
          })
          if (result?.$case === 'stop') return { stop: result.value }
          return { failed: result?.value ?? 'the engine gave no result' }
        } catch (error) {
          // It has just died, and its lease has not: the next one.
          if (toServiceError(error).code !== 'unavailable') throw error
          clients.get(address)?.close()
          clients.delete(address)
        }
      }
      throw new ServiceError('unavailable', 'No engine answers. Try again in a moment.')
    },
    close() {
      for (const client of clients.values()) client.close()
      clients.clear()
    },
  }

  async function addresses(): Promise<string[]> {
    const processes = await liveProcesses(db)
    return processes.flatMap(({ service, address }) =>
      service === 'engine' && address !== null ? [address] : [],
    )
  }

  function clientOf(address: string): GrpcClient<typeof engineService> {
    const known = clients.get(address)
    if (known !== undefined) return known
    const made = createGrpcClient(engineService, address)
    clients.set(address, made)
    return made
  }
}
