import type { GrpcImplementation } from '@millrace/runtime/grpc'
import type { fileService } from '@millrace/wire'
import type { Context } from '../context.ts'
import { openFile, uploadFile } from '../operations/files.ts'
import { callerOf } from './caller.ts'
import { addressOf } from './key.ts'

/** Contents of files over gRPC: the same operations as over HTTP. */
export function fileRpc(context: Context): GrpcImplementation<typeof fileService> {
  return {
    async *readContent({ key }, call) {
      const caller = await callerOf(context, call)
      const address = { ...addressOf(key), encoding: 'bytes' } as const
      const file = await openFile(context, caller, address)
      for await (const piece of file.read(0, file.size)) {
        // Whoever has gone away is not read for any longer.
        if (call.signal.aborted) return
        yield { piece }
      }
    },
    async writeContent({ key, content, contentType }, call) {
      const caller = await callerOf(context, call)
      const { isNew, json } = await uploadFile(context, caller, {
        address: addressOf(key),
        bytes: inOnePiece(content),
        encoding: 'bytes',
        contentType: contentType ?? null,
      })
      const { id, size, hash } = JSON.parse(json) as { id: string; size: number; hash: string }
      return { id, size: BigInt(size), hash, isNew }
    },
  }
}

async function* inOnePiece(content: Uint8Array): AsyncGenerator<Uint8Array> {
  yield content
}
