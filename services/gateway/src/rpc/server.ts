import type { Logger } from '@millrace/runtime'
import { type GrpcServer, served, serveGrpc } from '@millrace/runtime/grpc'
import {
  descriptorSet,
  executionService,
  fileService,
  messageService,
  recordService,
  scheduleService,
  webhookService,
} from '@millrace/wire'
import type { Context } from '../context.ts'
import { rpcDoor } from './door.ts'
import { executionRpc } from './execution-service.ts'
import { fileRpc } from './file-service.ts'
import { messageRpc } from './message-service.ts'
import { recordRpc } from './record-service.ts'
import { scheduleRpc } from './schedule-service.ts'
import { webhookRpc } from './webhook-service.ts'

/** The public services over gRPC, with reflection and health. */
export function serveRpc(
  context: Context,
  options: { host: string; port: number; log: Logger },
): Promise<GrpcServer> {
  return serveGrpc({
    services: [
      served(executionService, executionRpc(context)),
      served(messageService, messageRpc(context)),
      served(recordService, recordRpc(context)),
      served(scheduleService, scheduleRpc(context)),
      served(webhookService, webhookRpc(context)),
      served(fileService, fileRpc(context)),
    ],
    log: options.log,
    address: `${options.host}:${options.port}`,
    descriptors: descriptorSet(),
    door: rpcDoor(context),
  })
}
