const [firstMs, mostMs] = [1_000, 60_000]

/** How long a receiver that failed so many times in a row is left alone: 1 s, then twice as long each time, to 60 s. */
export const restAfter = (failures: number): number =>
  Math.min(mostMs, firstMs * 2 ** Math.max(0, failures - 1))
