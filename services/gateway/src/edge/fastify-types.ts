import type { Span } from '@sallyport/telemetry/span'
import type { RouteRow } from '../http/route-row.ts'
import type { Leave } from './places.ts'
import type { Principal } from './principal.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set by the gate; undefined where nobody signed in. */
    principal: Principal | undefined
    /** Gives up its place among the requests that are under way. */
    leave: Leave | undefined
    /** Where traces are on. */
    span: Span<'request'> | undefined
  }
  interface FastifyContextConfig {
    /** Without it a route is refused at start, except the few public ones. */
    row?: RouteRow
  }
}
