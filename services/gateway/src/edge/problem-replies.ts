import { SallyportError } from '@sallyport/errors/error'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { errorOf, problemOf } from './problem.ts'

/** Makes problem details of everything that is thrown, and of paths that lead nowhere. */
export const answerErrors = (app: FastifyInstance): void => {
  app.setErrorHandler((thrown, request, reply) => replyWithProblem(thrown, request, reply))
  app.setNotFoundHandler((request, reply) =>
    replyWithProblem(new SallyportError('route.not_found'), request, reply),
  )
}

export const replyWithProblem = (
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply => {
  const error = errorOf(thrown)
  const problem = problemOf(error, request.id)
  // Of what is turned away there is so much that lines about it would be a load of their own.
  if (problem.status >= 500 && error.reason !== 'service.busy')
    request.log.error({ err: error }, 'a request failed')
  request.span?.fail(error.code)
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer')
  if (error.metadata.retryAfterSeconds) reply.header('retry-after', error.metadata.retryAfterSeconds)
  return reply
    .code(problem.status)
    .header('x-request-id', request.id)
    .type('application/problem+json')
    .send(JSON.stringify(problem))
}
