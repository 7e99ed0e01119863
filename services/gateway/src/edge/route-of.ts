import type { FastifyRequest } from 'fastify'

/** The pattern of a request’s route, and never what a client wrote; `none` where there is no such route. */
export const routeOf = ({ routeOptions: { url } }: FastifyRequest): string => url ?? 'none'
