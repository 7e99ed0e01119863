import { SallyportError } from '@sallyport/errors/error'
import type { FastifyRequest } from 'fastify'
import type { RouteRow } from '../http/route-row.ts'
import type { Authenticate } from './authentication.ts'
import { type Presented, presentedToken } from './credentials.ts'
import { checkMediaType } from './media-type.ts'
import { checkOrigin } from './origin.ts'
import type { Places } from './places.ts'
import type { Principal } from './principal.ts'
import type { Limiters } from './rate-limits.ts'
import { sourceAddressOf } from './source-address.ts'

type Deps = {
  readonly authenticate: Authenticate
  readonly limiters: Limiters
  readonly places: Pick<Places, 'enter'>
  readonly origins: readonly string[]
}

/**
 * What every request passes before its body is read: who is it, does it come from our own pages, is it too often.
 * INVARIANT: it hangs on the route itself, and never on a path prefix, which another spelling of the path could miss.
 */
export const createGate = (deps: Deps) => {
  const enter = async (request: FastifyRequest, row: RouteRow): Promise<void> => {
    if (row.needs === 'nothing') {
      deps.limiters.bySource(row.rate)(request)
      check(request, 'nothing')
      return
    }
    const presented = presentedToken(request.headers, request.cookies)
    check(request, presented.by)
    request.principal = await recognise(request, row, presented)
    deps.limiters.byPrincipal(row.rate)(request)
  }

  const check = (request: FastifyRequest, by: Presented['by'] | 'nothing'): void => {
    checkOrigin({ method: request.method, origin: request.headers.origin, by }, deps.origins)
  }

  const recognise = async (
    request: FastifyRequest,
    row: RouteRow,
    { token }: Presented,
  ): Promise<Principal> => {
    deps.limiters.fewBadTokens(request)
    try {
      return await deps.authenticate({
        token,
        audiences: row.to,
        sourceAddress: sourceAddressOf(request),
        requestId: request.id,
      })
    } catch (failure) {
      if (failure instanceof SallyportError && failure.code === 'unauthenticated') {
        deps.limiters.countBadToken(request)
      }
      throw failure
    }
  }

  return (row: RouteRow) =>
    async (request: FastifyRequest): Promise<void> => {
      // Not kept while the body is on its way: who sends slowly must not hold a place.
      const leave = await deps.places.enter(row)
      await enter(request, row).finally(leave)
      checkMediaType(request.headers)
    }
}
