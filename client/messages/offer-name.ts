/** Where an offer rides: an attribute of a message of SQS, a member of an event's detail, a member of an input. */
export const offerName = "lanyard-offer";
