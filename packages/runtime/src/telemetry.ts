import type { Context, Span as OtelSpan, SpanContext, Tracer } from '@opentelemetry/api'
import { envStr } from './env.ts'
import { formatTraceparent, parseTraceparent } from './traceparent.ts'

/**
 * Spans, when somebody collects them. Nothing of OpenTelemetry is loaded unless
 * OTEL_EXPORTER_OTLP_ENDPOINT is set; without it `withSpan` only calls its function. The SDK reads
 * its other settings (headers, sampling, resource attributes) from the usual OTEL_ variables.
 */
export interface Telemetry {
  /** Sends what is buffered; waits for a collector that does not answer for 5 s at most. */
  stop(): Promise<void>
}

export interface Span {
  /** What to hand on to whatever this span causes; null when there is no trace. */
  readonly traceparent: string | null
  set(attributes: SpanAttributes): void
}

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>

export interface SpanOptions {
  /** The parent; default the span around this call. */
  readonly traceparent?: string | null
  readonly attributes?: SpanAttributes
}

export async function startTelemetry(service: string): Promise<Telemetry> {
  if (active !== null || envStr('OTEL_EXPORTER_OTLP_ENDPOINT') === undefined) return NOTHING
  const [api, { NodeSDK }, { OTLPTraceExporter }] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-node'),
    import('@opentelemetry/exporter-trace-otlp-proto'),
  ])
  const sdk = new NodeSDK({
    serviceName: envStr('OTEL_SERVICE_NAME', `millrace-${service}`),
    traceExporter: new OTLPTraceExporter({ timeoutMillis: 5_000 }),
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
  })
  sdk.start()
  active = { api, tracer: api.trace.getTracer('millrace') }
  return {
    async stop() {
      active = null
      await sdk.shutdown().catch(() => undefined)
    },
  }
}

/** The tracer, or null when nobody collects. */
export const tracer = (): Tracer | null => active?.tracer ?? null

/** The header of the span around this call, or null. */
export function currentTraceparent(): string | null {
  const context = active?.api.trace.getActiveSpan()?.spanContext()
  return context === undefined ? null : headerOf(context)
}

/** Runs `fn` in a span that ends with it; a throw is recorded and passed on. */
export async function withSpan<T>(
  name: string,
  options: SpanOptions,
  fn: (span: Span) => T | Promise<T>,
): Promise<T> {
  if (active === null) return fn({ traceparent: options.traceparent ?? null, set: () => undefined })
  const { api, tracer: current } = active
  const settings = options.attributes === undefined ? {} : { attributes: options.attributes }
  return current.startActiveSpan(name, settings, parentOf(api, options), async (span) => {
    try {
      return await fn(wrap(span))
    } catch (error) {
      span.recordException(error instanceof Error ? error : String(error))
      span.setStatus({ code: api.SpanStatusCode.ERROR })
      throw error
    } finally {
      span.end()
    }
  })
}

type Api = typeof import('@opentelemetry/api')

let active: { readonly api: Api; readonly tracer: Tracer } | null = null

const NOTHING: Telemetry = { stop: () => Promise.resolve() }

function parentOf(api: Api, { traceparent }: SpanOptions): Context {
  const parent = parseTraceparent(traceparent)
  if (parent === null) return api.context.active()
  return api.trace.setSpanContext(api.context.active(), {
    traceId: parent.traceId,
    spanId: parent.spanId,
    traceFlags: parent.sampled ? api.TraceFlags.SAMPLED : api.TraceFlags.NONE,
    isRemote: true,
  })
}

const wrap = (span: OtelSpan): Span => ({
  traceparent: headerOf(span.spanContext()),
  set: (attributes) => void span.setAttributes(attributes),
})

const headerOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  formatTraceparent({ traceId, spanId, sampled: (traceFlags & 1) === 1 })
