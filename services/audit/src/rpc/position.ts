import { SallyportError } from '@sallyport/errors/error'

/**
 * The position from which a record is the next.
 * @throws SallyportError `request.invalid` for a record that is neither there nor the next one to come
 */
export const positionBefore = (from: bigint, head: number): number => {
  if (from < 1n || from > BigInt(head) + 1n)
    throw new SallyportError('request.invalid', `from must be 1 to ${head + 1}`)
  return Number(from) - 1
}
