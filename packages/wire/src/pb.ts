// The messages of the gRPC services, and their enums. Those of the bus have codecs instead.
export * from './gen/millrace/v1/execution_service.ts'
export * from './gen/millrace/v1/record_service.ts'
<<<<<<< HEAD
export * from './gen/millrace/v1/schedule_service.ts'
=======
export * from './gen/millrace/v1/file_service.ts'
export * from './gen/millrace/v1/webhook_service.ts'
>>>>>>> issue-4
export * from './gen/millrace/v1/scheduler_service.ts'
export * from './gen/millrace/v1/lock_service.ts'
export * from './gen/millrace/v1/engine_service.ts'
export * from './gen/millrace/v1/connector_service.ts'
export { ExecutionStatus, ExecutionType } from './gen/millrace/v1/status.ts'
