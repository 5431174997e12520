import { readFileSync } from 'node:fs'

// Public.
export { ExecutionServiceService as executionService } from './gen/millrace/v1/execution_service.ts'
export { MessageServiceService as messageService } from './gen/millrace/v1/message_service.ts'
export { RecordServiceService as recordService } from './gen/millrace/v1/record_service.ts'
export { ScheduleServiceService as scheduleService } from './gen/millrace/v1/schedule_service.ts'
export { FileServiceService as fileService } from './gen/millrace/v1/file_service.ts'
export { WebhookServiceService as webhookService } from './gen/millrace/v1/webhook_service.ts'
// Internal.
export { SchedulerServiceService as schedulerService } from './gen/millrace/v1/scheduler_service.ts'
export { LockServiceService as lockService } from './gen/millrace/v1/lock_service.ts'
export { EngineServiceService as engineService } from './gen/millrace/v1/engine_service.ts'
export { ConnectorServiceService as connectorService } from './gen/millrace/v1/connector_service.ts'

/** All contracts as a FileDescriptorSet: what server reflection serves. */
export const descriptorSet = (): Uint8Array =>
  readFileSync(new URL('./gen/descriptors.binpb', import.meta.url))
