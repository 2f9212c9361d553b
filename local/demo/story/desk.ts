/** The APIs of the support desk, as the registry names them. */
export const tickets = "https://tickets.support-desk.example";
export const customers = "https://customers.support-desk.example";
export const production = "https://production.support-desk.example";

/** What the ticket API stores. */
export const ticketRows = [
  { id: "T-1", subject: "cannot sign in since Monday", customer: "C-7" },
  { id: "T-2", subject: "invoice shows the wrong address", customer: "C-9" },
];

/** What the customer API stores. */
export const customerRows = [
  { id: "C-7", name: "Nordlicht Bakery" },
  { id: "C-9", name: "Blue Harbour Ltd" },
];
