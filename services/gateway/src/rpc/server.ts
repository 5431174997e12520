import type { Logger } from '@millrace/runtime'
import { type GrpcServer, served, serveGrpc } from '@millrace/runtime/grpc'
<<<<<<< HEAD
import { descriptorSet, executionService, recordService, scheduleService } from '@millrace/wire'
=======
import {
  descriptorSet,
  executionService,
  fileService,
  recordService,
  webhookService,
} from '@millrace/wire'
>>>>>>> issue-4
import type { Context } from '../context.ts'
import { executionRpc } from './execution-service.ts'
import { fileRpc } from './file-service.ts'
import { recordRpc } from './record-service.ts'
<<<<<<< HEAD
import { scheduleRpc } from './schedule-service.ts'
=======
import { webhookRpc } from './webhook-service.ts'
>>>>>>> issue-4

/** The public services over gRPC, with reflection and health. */
export function serveRpc(
  context: Context,
  options: { host: string; port: number; log: Logger },
): Promise<GrpcServer> {
  return serveGrpc({
    services: [
      served(executionService, executionRpc(context)),
      served(recordService, recordRpc(context)),
<<<<<<< HEAD
      served(scheduleService, scheduleRpc(context)),
=======
      served(webhookService, webhookRpc(context)),
      served(fileService, fileRpc(context)),
>>>>>>> issue-4
    ],
    log: options.log,
    address: `${options.host}:${options.port}`,
    descriptors: descriptorSet(),
  })
}
