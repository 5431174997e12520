/**
 * What every process needs, and the only place that reads the environment, the clock and chance.
 *
 * `runService` is a service's main function; what it creates disposes of itself in order. Loops repeat
 * work and are woken by nudges. gRPC is in `@millrace/runtime/grpc`.
 *
 * Shells throw one error, `ServiceError`; its codes are mapped to gRPC in `grpc-errors.ts`, and to
 * HTTP in the gateway.
 */
export { ERROR_CODES, ServiceError, type ErrorCode } from './service-error.ts'
export { toldMessage } from './told-message.ts'
export { toServiceError } from './to-service-error.ts'

export { envBool, envInt, envList, envRequired, envStr } from './env.ts'
export { after, every, monotonicMs, now, sleep, soon, type Timer } from './clock.ts'
export { newId, random, randomToken, sha256, sha256Hex } from './ids.ts'

export { createLogger, LOG_LEVELS } from './logger.ts'
export type { LogFields, Logger, LoggerOptions, LogLevel } from './logger.ts'
export { createMetrics, type Metrics, type MetricsOptions } from './metrics.ts'
export { currentTraceparent, startTelemetry, tracer, withSpan } from './telemetry.ts'
export type { Span, SpanAttributes, SpanOptions, Telemetry } from './telemetry.ts'
export {
  childTraceparent,
  formatTraceparent,
  makeTraceparent,
  parseTraceparent,
  type Traceparent,
} from './traceparent.ts'

export { loop, type Loop, type LoopOptions } from './loop.ts'
export { runService } from './run-service.ts'
export type { RunServiceOptions, Service, ServiceHost } from './run-service.ts'
export { opsServer, type OpsServer, type OpsServerOptions } from './ops-server.ts'
export { createSlots, type Slots } from './slots.ts'
export { freePort, isPortFree } from './free-port.ts'
