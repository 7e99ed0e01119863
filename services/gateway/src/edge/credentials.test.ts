import { expect, test } from 'vitest'
import { presentedToken } from './credentials.ts'

const token = 'sps_0123456789abcdef0123456789abcdef'

test('a bearer token is taken from the header, a cookie only without one', () => {
  expect(presentedToken({ authorization: `Bearer ${token}` }, {})).toEqual({ token, by: 'header' })
  expect(presentedToken({ authorization: `bearer ${token}` }, { '__Host-sallyport': 'x' })).toMatchObject({
    token,
  })
  expect(presentedToken({}, { '__Host-sallyport': token })).toEqual({ token, by: 'cookie' })
})

test.each([
  '',
  'Bearer',
  'Bearer ',
  `Bearer  ${token}`,
  `Bearer ${token} `,
  `Basic ${token}`,
  `Bearer ${token}, Bearer ${token}`,
  'Bearer short',
  `Bearer ${'x'.repeat(257)}`,
  `Bearer ${token}'--`,
])('the header "%s" is nobody’s, whatever the cookie says', authorization => {
  expect(() => presentedToken({ authorization }, { '__Host-sallyport': token })).toThrow('Sign in first')
})
