// The worker's end of sorting.ts.

import { Sorter, type SortRequest, type SortStart } from "./sorting";

const scope = self as unknown as {
  onmessage: (event: MessageEvent<SortStart | SortRequest>) => void;
  postMessage(message: unknown, transfer: Transferable[]): void;
};
let sorter: Sorter | undefined;

scope.onmessage = ({ data }) => {
  if ("means" in data) {
    sorter = new Sorter(data);
    return;
  }
  const answer = sorter?.sort(data);
  if (answer) scope.postMessage(answer, [answer.order.buffer]);
};
