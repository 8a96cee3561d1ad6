/** What the embedded store throws: outages and bugs. Expected outcomes are `CommitResult` values. */

import { StoreUnavailableError } from '../../store/port.ts';

/** The file is there and is not one that this version of Hallpass may write to. Nothing in it was changed. */
export class ForeignStoreError extends Error {
  override readonly name = 'ForeignStoreError';
}

/** More commits wait than the store can take in time. Nothing of this one was written; a retry may pass. */
export class StoreBusyError extends StoreUnavailableError {
  override readonly name = 'StoreBusyError';
}

/** The disk, or SQLite, refused. Nothing of this commit is visible. */
export class StoreFailedError extends StoreUnavailableError {
  override readonly name = 'StoreFailedError';
}

/** The store was closed, or its writing thread ended, before this could be answered. */
export class StoreClosedError extends StoreUnavailableError {
  override readonly name = 'StoreClosedError';
}

/** A lift names a stop that is not engaged. A bug of the caller, who must guard against it in the same commit. */
export class UnknownStopError extends Error {
  override readonly name = 'UnknownStopError';
}

/** A settle names a record that does not exist. A bug of the caller, who must guard with `stateIs` in the same commit. */
export class UnknownRecordError extends Error {
  override readonly name = 'UnknownRecordError';
}

const CLASSES = { ForeignStoreError, StoreBusyError, StoreFailedError, StoreClosedError, UnknownStopError, UnknownRecordError } as const;

/** An error as it crosses from the writing thread, where structured cloning would lose its class. */
export interface WireError {
  readonly name: keyof typeof CLASSES;
  readonly message: string;
}

/** SQLite's and the file system's messages name files and conditions, never values, so they may be passed on. */
export function toWireError(error: unknown): WireError {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return Object.hasOwn(CLASSES, name)
    ? { name: name as WireError['name'], message }
    : { name: 'StoreFailedError', message: `the store could not write: ${message}` };
}

export const fromWireError = ({ name, message }: WireError): Error => new CLASSES[name](message);
