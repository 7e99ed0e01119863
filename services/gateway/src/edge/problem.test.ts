import { SallyportError } from '@sallyport/errors/error'
import { describe, expect, it } from 'vitest'
import { problemOf } from './problem.ts'

describe('a problem document', () => {
  it('names the field that the service behind refused, as the API calls it', () => {
    const error = new SallyportError(
      'request.invalid',
      'secret_kind must be a password for the type domain-user',
      {
        metadata: { field: 'secret_kind' },
      },
    )
    expect(problemOf(error, 'r-1')).toMatchObject({
      status: 400,
      errors: [{ field: 'body.secretKind', message: 'must be a password for the type domain-user' }],
    })
  })

  it('tells nothing of a failure inside but the id of the request', () => {
    const error = new SallyportError('internal', 'connect ECONNREFUSED db-1', { metadata: { host: 'db-1' } })
    expect(problemOf(error, 'r-2')).toEqual({
      type: 'urn:sallyport:error:internal',
      title: 'Internal error',
      status: 500,
      detail: 'Internal error',
      instance: 'r-2',
      reason: 'internal',
    })
  })
})
