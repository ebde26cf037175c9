/** A form of network that the native engine does not run. The message completes "it is not run natively: ...". */
export class Unsupported extends Error {}
