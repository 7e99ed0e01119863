import { expect, test } from 'vitest'
import { testGateway } from './gateway.ts'
import { rawHttp } from './raw-http.ts'

test.each([
  ['no request line', 'hello\r\n\r\n', 400],
  ['a header with a control character', 'GET /v1/me HTTP/1.1\r\nhost: gateway\r\na: \u001b[1G\r\n\r\n', 400],
  ['a header without a name', 'GET /v1/me HTTP/1.1\r\nhost: gateway\r\n: x\r\n\r\n', 400],
  [
    'two lengths',
    'POST /v1/login HTTP/1.1\r\nhost: g\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
    400,
  ],
  ['too much before the body', `GET / HTTP/1.1\r\nhost: g\r\na: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
])('%s is answered with a problem, too', async (_title, request, status) => {
  await using gateway = await testGateway()
  const address = new URL(await gateway.app.listen({ host: '127.0.0.1', port: 0 }))
  using http = rawHttp(Number(address.port))
  const [head = '', body = ''] = (await http.answerTo(request)).split('\r\n\r\n')
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(head).toContain('\r\ncontent-type: application/problem+json\r\n')
  const problem: unknown = JSON.parse(body)
  expect(problem).toMatchObject({ status, reason: 'request.invalid', detail: 'This is not HTTP' })
  expect(head).toContain(`\r\nx-request-id: ${String(Reflect.get(Object(problem), 'instance'))}\r\n`)
})
