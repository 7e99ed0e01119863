/** Names of the metadata that our calls carry. Identity is never taken from anything but the certificate and these. */
export const metadataKeys = {
  callerToken: 'sallyport-caller',
  requestId: 'sallyport-request-id',
  idempotencyKey: 'sallyport-idempotency-key',
  traceparent: 'traceparent',
} as const
