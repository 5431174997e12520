import type { RequestOf, ResponseOf } from '@millrace/runtime/grpc'
import type { lockService } from '@millrace/wire'
import type { LockContext } from '../context.ts'
import { serveLocks, tellServed } from '../serve/serve-locks.ts'

type Serve = (typeof lockService)['serve']

/** Serves these locks now, whoever holds their shards: their rows are locked while it is decided. */
export async function serveRpc(
  context: LockContext,
  { workspaceId, keys }: RequestOf<Serve>,
): Promise<ResponseOf<Serve>> {
  const locks = keys.slice(0, KEYS_MAX).map((key) => ({ workspaceId, key }))
  const served = await context.db.transaction((tx) => serveLocks(tx, locks, null))
  tellServed(context, served)
  return { answered: served.answered.length }
}

const KEYS_MAX = 200
