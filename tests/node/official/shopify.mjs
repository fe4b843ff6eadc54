// Shopify's own client, with its resources of the REST API.
import "@shopify/shopify-api/adapters/node";
import { Session, shopifyApi } from "@shopify/shopify-api";
import { restResources } from "@shopify/shopify-api/rest/admin/2026-07";
import { setAbstractFetchFunc } from "@shopify/shopify-api/runtime";

const { rest } = shopifyApi({
  apiKey: "key",
  apiSecretKey: "secret",
  hostName: "app.example",
  apiVersion: "2026-07",
  isEmbeddedApp: false,
  restResources,
  logger: { log: () => {} }, // what it logs would be taken for what we say
});
const session = new Session({
  id: "1",
  shop: "acme.myshopify.com",
  state: "",
  isOnline: false,
  accessToken: "shpat_1",
});

export let address;
setAbstractFetchFunc(async (url) => {
  address = new URL(url).origin;
  return new Response("{}");
});
await rest.Shop.all({ session });

export const connect = (at) => {
  setAbstractFetchFunc((url, options) => {
    const { pathname, search } = new URL(url);
    return fetch(at + pathname + search, options);
  });
};

const made = (Resource, members) => Object.assign(new Resource({ session }), members);
const save = (Resource, members) => made(Resource, members).save();

const lineItems = [{ variant_id: 447654529, quantity: 1 }];

export const calls = {
  get_products: () =>
    rest.Product.all({ session, title: "Mug", status: "active", limit: 50, since_id: "1" }),
  get_product: () => rest.Product.find({ session, id: "1" }),
  get_product_variant: () => rest.Variant.find({ session, id: "2" }),
  create_product: () =>
    save(rest.Product, {
      title: "Mug",
      body_html: "<p>Nice</p>",
      vendor: "Acme",
      product_type: "Kitchen",
      tags: "new",
      status: "draft",
    }),
  update_product: () => save(rest.Product, { id: "1", title: "Cup", status: "active", tags: "sale" }),
  update_product_variant: () => save(rest.Variant, { id: "2", price: "19.99", compare_at_price: "24.99", sku: "M1" }),
  upload_product_image: () =>
    save(rest.Image, { product_id: "1", src: "https://example.com/mug.png", alt: "A mug" }),
  delete_product: () => rest.Product.delete({ session, id: "1" }),
  get_orders: () =>
    rest.Order.all({
      session,
      status: "any",
      financial_status: "paid",
      fulfillment_status: "unshipped",
      created_at_min: "2026-11-01T00:00:00Z",
      limit: 50,
      since_id: "1",
    }),
  get_order: () => rest.Order.find({ session, id: "3" }),
  create_order: () =>
    save(rest.Order, { line_items: lineItems, customer: { id: 5 }, financial_status: "paid", tags: "new" }),
  update_order: () => save(rest.Order, { id: "3", note: "Gift", tags: "vip", email: "ada@example.com" }),
  cancel_order: () => made(rest.Order, { id: "3" }).cancel({ reason: "customer", restock: true }),
  close_order: () => made(rest.Order, { id: "3" }).close({}),
  open_order: () => made(rest.Order, { id: "3" }).open({}),
  get_transactions: () => rest.Transaction.all({ session, order_id: "3" }),
  get_fulfillment_orders: () => rest.FulfillmentOrder.all({ session, order_id: "3" }),
  create_fulfillment: async () => {
    await rest.FulfillmentOrder.all({ session, order_id: "3" });
    await save(rest.Fulfillment, {
      line_items_by_fulfillment_order: [{ fulfillment_order_id: 7 }],
      notify_customer: true,
      tracking_info: { number: "1Z", company: "UPS" },
    });
  },
  create_draft_order: () =>
    save(rest.DraftOrder, { line_items: lineItems, email: "ada@example.com", note: "Gift", tags: "new" }),
  send_draft_order_invoice: () =>
    made(rest.DraftOrder, { id: "4" }).send_invoice({
      body: { draft_order_invoice: { to: "ada@example.com", subject: "Yours", custom_message: "Thanks" } },
    }),
  get_customers: () => rest.Customer.search({ session, query: "Ada country:France", limit: 50 }),
  get_customer: () => rest.Customer.find({ session, id: "5" }),
  get_customer_orders: () => rest.Customer.orders({ session, id: "5", status: "any", limit: 50 }),
  create_customer: () =>
    save(rest.Customer, {
      email: "ada@example.com",
      first_name: "Ada",
      last_name: "Lovelace",
      phone: "+15550100",
      tags: "vip",
      note: "First",
    }),
  update_customer: () => save(rest.Customer, { id: "5", first_name: "Ada", tags: "vip" }),
  get_locations: () => rest.Location.all({ session }),
  get_inventory_levels: () =>
    rest.InventoryLevel.all({ session, location_ids: "6", inventory_item_ids: "8,9", limit: 50 }),
  adjust_inventory: () =>
    made(rest.InventoryLevel, {}).adjust({ location_id: "6", inventory_item_id: "8", available_adjustment: -2 }),
  set_inventory: () => made(rest.InventoryLevel, {}).set({ location_id: "6", inventory_item_id: "8", available: 5 }),
};
