import { SallyportError } from '@sallyport/errors/error'
import type { Presented } from './credentials.ts'

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD'])

/**
 * Refuses requests that another site made a browser send. A browser always tells the origin of an unsafe request;
 * only a program may leave it out, and a program has no cookie.
 */
export const checkOrigin = (
  { method, origin, by }: { method: string; origin: string | undefined; by: Presented['by'] | 'nothing' },
  allowed: readonly string[],
): void => {
  if (safeMethods.has(method) || by === 'header') return
  const fine = origin === undefined ? by === 'nothing' : allowed.includes(origin)
  if (!fine) throw new SallyportError('request.origin')
}
