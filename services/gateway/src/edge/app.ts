import type { SecureVersion } from 'node:tls'
import './fastify-types.ts'
import cookie from '@fastify/cookie'
import helmet from '@fastify/helmet'
import type { Logger } from '@sallyport/telemetry/logger'
import type { Meter } from '@sallyport/telemetry/metrics'
import type { Tracing } from '@sallyport/telemetry/tracing'
import {
  fastify,
  type FastifyHttpOptions,
  type FastifyInstance,
  LogController,
  type RawServerDefault,
} from 'fastify'
import { serializerCompiler } from 'fastify-type-provider-zod'
import type { Upstreams } from '../clients/upstreams.ts'
import type { GatewayConfig } from '../config.ts'
import { endpointsOf } from '../http/endpoints.ts'
import { routeRows } from '../http/routes.ts'
import { logAccess } from './access-log.ts'
import { createAuthenticate } from './authentication.ts'
import { createGate } from './gate.ts'
import { registerHealth } from './health.ts'
import { answerMalformed } from './malformed.ts'
import { registerOpenApi } from './openapi.ts'
import { createPlaces } from './places.ts'
import { answerErrors } from './problem-replies.ts'
import { createLimiters } from './rate-limits.ts'
import { countRequests } from './request-metrics.ts'
import { refuseRoutesWithoutRow, registerRoutes } from './register.ts'
import { requestIdOf } from './request-id.ts'
import { parseStrictJson } from './strict-json.ts'
import type { SharedCounts } from './shared-counts.ts'
import { traceRequests } from './trace-requests.ts'
import { turnAwayWhatDoesNotFit } from './turn-away.ts'

const maxBodyBytes = 1024 * 1024

export type AppParts = {
  readonly config: Pick<
    GatewayConfig,
    'origins' | 'trustedProxies' | 'limits' | 'upstreamDeadlineMs' | 'rightsWatch' | 'tls'
  >
  readonly upstreams: Upstreams
  readonly counts: Pick<SharedCounts, 'limit'>
  /** The services that it lacks to be ready; none when it is. */
  readonly missing: () => Promise<readonly string[]>
  readonly meter: Pick<Meter, 'count' | 'time'>
  readonly tracing: Pick<Tracing, 'begin'>
  readonly log: Logger
}

/** Builds the HTTP application, from the outermost concern to the routes. It listens to nothing yet. */
export const buildApp = async ({
  config,
  upstreams,
  counts,
  missing,
  meter,
  tracing,
  log,
}: AppParts): Promise<FastifyInstance> => {
  const app = createServer(config, log)
  const stopping = new AbortController()
  app.addHook('preClose', async () => stopping.abort())

  const places = createPlaces()
  turnAwayWhatDoesNotFit(app, places)
  traceRequests(app, tracing)
  answerErrors(app)
  readOnlyStrictJson(app)
  app.decorateRequest('principal', undefined)
  app.decorateRequest('leave', undefined)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id).header('cache-control', 'no-store')
  })
  // When the head of the answer is ready: a stream that goes on for hours is under way no more.
  app.addHook('onSend', async request => request.leave?.())
  logAccess(app)
  countRequests(app, meter)
  await app.register(helmet, { contentSecurityPolicy: { useDefaults: false, directives: closedPolicy } })
  await app.register(cookie)
  refuseRoutesWithoutRow(app)
  await registerOpenApi(app, '1')
  registerHealth(app, missing)

  const authenticate = createAuthenticate(upstreams.authentication, config.upstreamDeadlineMs)
  const gate = createGate({
    places,
    authenticate,
    limiters: createLimiters(counts, config.limits),
    origins: config.origins,
  })
  registerRoutes(
    app,
    { rows: routeRows, endpoints: endpointsOf(upstreams) },
    { ...config, authenticate, gate, places, stopping: stopping.signal },
  )
  await app.ready()
  return app
}

/** Older ones are broken (RFC 8996). */
export const oldestTls: SecureVersion = 'TLSv1.2'

/** Replies are data: no browser should ever run or frame them. */
const closedPolicy = { 'default-src': ["'none'"], 'frame-ancestors': ["'none'"] }

const createServer = ({ tls, trustedProxies }: AppParts['config'], log: Logger): FastifyInstance => {
  const options: FastifyHttpOptions<RawServerDefault> = {
    loggerInstance: log,
    // Its own lines have the path and the query in them; see access-log.ts for ours.
    logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'requestId' }),
    // X-Forwarded-For is believed only from these addresses, and from nobody by default.
    trustProxy: trustedProxies.length > 0 ? [...trustedProxies] : false,
    genReqId: ({ headers }) => requestIdOf(headers['x-request-id']),
    requestIdHeader: false,
    clientErrorHandler: answerMalformed,
    bodyLimit: maxBodyBytes,
    requestTimeout: 30_000,
    keepAliveTimeout: 72_000,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    // Who has asked is answered: the last word of a gateway that stops is not an error.
    return503OnClosing: false,
    routerOptions: { maxParamLength: 100 },
    http: { maxHeaderSize: 16 * 1024, headersTimeout: 15_000 },
    ...(tls && { https: { cert: tls.certificate, key: tls.privateKey, minVersion: oldestTls } }),
  }
  return fastify(options)
}

const readOnlyStrictJson = (app: FastifyInstance): void => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: unknown, body: Buffer) => parseStrictJson(body),
  )
  // Endpoints validate their input themselves; see endpoint.ts. The schemas on routes are documentation.
  app.setValidatorCompiler(() => value => ({ value }))
  app.setSerializerCompiler(serializerCompiler)
}
