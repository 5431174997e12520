export { ERROR_CODES, ServiceError, type ErrorCode } from './service-error.ts'
