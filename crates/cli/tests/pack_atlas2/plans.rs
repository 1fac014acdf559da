//! What each index is for, on tables as large as they get.

use crate::packs::{Pack, plans};

/// An index, and a question that it is there to answer.
const QUESTIONS: &[(&str, &str)] = &[
    (
        "users_email_key",
        "SELECT id FROM users WHERE lower(email) = 'u77@atlas2.example'",
    ),
    (
        "file_data_user_id_created_at_idx",
        "SELECT id, file_name FROM file_data WHERE user_id = md5('u77')::uuid ORDER BY created_at DESC LIMIT 10",
    ),
    (
        "api_fields_user_id_idx",
        "SELECT * FROM api_fields WHERE user_id = md5('u77')::uuid",
    ),
    (
        "api_fields_api_configuration_id_position_idx",
        "SELECT * FROM api_fields WHERE api_configuration_id = md5('a77')::uuid AND user_id = md5('u25')::uuid ORDER BY position",
    ),
    (
        "mapping_configurations_api_configuration_id_idx",
        "SELECT * FROM mapping_configurations WHERE api_configuration_id = md5('a77')::uuid AND user_id = md5('u25')::uuid",
    ),
    (
        "transformation_rules_user_id_idx",
        "SELECT * FROM transformation_rules WHERE user_id = md5('u77')::uuid",
    ),
    (
        "transformation_rules_mapping_configuration_id_idx",
        "SELECT * FROM transformation_rules WHERE mapping_configuration_id = md5('m77')::uuid AND user_id = md5('u25')::uuid",
    ),
    (
        "processing_jobs_user_id_status_created_at_idx",
        "SELECT * FROM processing_jobs WHERE user_id = md5('u77')::uuid AND status = 'completed' ORDER BY created_at DESC LIMIT 10",
    ),
    (
        "processing_jobs_file_id_idx",
        "SELECT * FROM processing_jobs WHERE file_id = md5('f77')::uuid AND user_id = md5('u77')::uuid",
    ),
    (
        "processing_jobs_mapping_configuration_id_idx",
        "SELECT * FROM processing_jobs WHERE mapping_configuration_id = md5('m231')::uuid",
    ),
    (
        "processing_jobs_unfinished_idx",
        "SELECT id FROM processing_jobs WHERE status = 'running' AND started_at < now() - interval '1 hour'",
    ),
    (
        "processing_results_rejected_idx",
        "SELECT * FROM processing_results WHERE job_id = md5('j77')::uuid AND status = 'rejected' ORDER BY row_number",
    ),
    (
        "processing_results_pkey",
        "SELECT * FROM processing_results WHERE job_id = md5('j77')::uuid AND row_number BETWEEN 100 AND 200",
    ),
    (
        "processing_results_created_at_idx",
        "SELECT count(*) FROM processing_results WHERE created_at > now() - interval '10 days'",
    ),
    (
        "audit_logs_user_id_occurred_at_idx",
        "SELECT * FROM audit_logs WHERE user_id = md5('u77')::uuid ORDER BY occurred_at DESC LIMIT 20",
    ),
    (
        "audit_logs_table_name_record_id_idx",
        "SELECT * FROM audit_logs WHERE table_name = 'processing_jobs' AND record_id = '777'",
    ),
    (
        "audit_logs_occurred_at_idx",
        "DELETE FROM audit_logs WHERE occurred_at < now() - interval '680 days'",
    ),
    (
        "user_dashboard_stats_user_id_key",
        "SELECT * FROM user_dashboard_stats WHERE user_id = md5('u77')::uuid",
    ),
];

#[tokio::test]
async fn the_planner_uses_each_index_for_what_it_is_for() {
    let pack = Pack::migrated("atlas2", &crate::ROLES).await;
    let superuser = pack.superuser().await;
    plans::script(&pack, include_str!("many.sql")).await;
    assert_eq!(plans::unused(&superuser, QUESTIONS).await, Vec::<String>::new());
}
