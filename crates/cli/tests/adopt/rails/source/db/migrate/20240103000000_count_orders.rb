class CountOrders < ActiveRecord::Migration[6.1]
  def up
    create_table(:orders) { |t| t.references :user, null: false, foreign_key: true }
    execute <<~SQL
      CREATE FUNCTION orders_of(wanted bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
        SELECT count(*) FROM public.orders WHERE user_id = wanted;
      $$;
    SQL
  end

  def down
    execute "DROP FUNCTION orders_of(bigint)"
    drop_table :orders
  end
end
