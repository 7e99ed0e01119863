import { SallyportError } from '@sallyport/errors/error'
import { describe, expect, it } from 'vitest'
import { translateFailure } from './failure.ts'

const withFields = (message: string, fields: object): Error => Object.assign(new Error(message), fields)

describe('translateFailure', () => {
  it.each([
    ['a refused connection', withFields('connect ECONNREFUSED 127.0.0.1:5432', { code: 'ECONNREFUSED' })],
    [
      'a name that nobody can look up now',
      withFields('getaddrinfo EAI_AGAIN postgres', { code: 'EAI_AGAIN', syscall: 'getaddrinfo' }),
    ],
    ['a machine to which there is no way', withFields('connect', { code: 'EHOSTUNREACH' })],
    ['a standby', withFields('cannot execute INSERT in a read-only transaction', { code: '25006' })],
    ['a disk that fails', withFields('could not read block 7', { code: '58030' })],
    ['a server that shuts down', withFields('terminating connection', { code: '57P01' })],
    ['a server that crashed', withFields('terminating connection because of crash', { code: '57P02' })],
    ['a connection that broke', new Error('Connection terminated unexpectedly')],
    [
      'a client that broke before',
      new Error('Client has encountered a connection error and is not queryable'),
    ],
    ['a client that was closed', new Error('Client was closed and is not queryable')],
    ['a pool that got no connection', new Error('timeout exceeded when trying to connect')],
    ['Prisma without a server', withFields('x', { code: 'P1001' })],
    ['Prisma that is not let in', withFields('x', { code: 'P1000' })],
    ['Prisma that only quotes why', new Error('Invalid invocation: getaddrinfo EAI_AGAIN db')],
    ['Prisma’s lost transaction', withFields('Transaction not found', { code: 'P2028' })],
    [
      'Prisma’s raw query on a broken connection',
      withFields('Raw query failed', {
        code: 'P2010',
        meta: { driverAdapterError: { cause: { kind: 'ConnectionClosed' } } },
      }),
    ],
    ['an error that Prisma only quotes', new Error('Invalid invocation: read ECONNRESET')],
    [
      'a cause far behind',
      new Error('outer', { cause: new Error('middle', { cause: withFields('in', { code: 'EPIPE' }) }) }),
    ],
  ])('says that the service is unavailable for %s', (_title, error) => {
    expect(translateFailure(error)).toMatchObject({ reason: 'service.unavailable', cause: error })
  })

  it.each([
    ['a unique violation', withFields('duplicate key', { code: '23505' })],
    ['a mistake of ours', new TypeError('x is undefined')],
    ['a refusal', new SallyportError('version.conflict')],
    ['no error at all', 'thrown text'],
  ])('leaves %s as it is', (_title, thrown) => {
    expect(translateFailure(thrown)).toBe(thrown)
  })

  it('ends with errors that are their own cause', () => {
    const error = new Error('round')
    error.cause = error
    expect(translateFailure(error)).toBe(error)
  })
})
