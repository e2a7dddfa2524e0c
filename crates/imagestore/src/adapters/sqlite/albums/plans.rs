//! How `SQLite` carries out the queries of lists: each has to find its rows by an index, however many there are.
#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use shared_types::{AlbumId, ImageId, ShareId, UserId};
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Row, SqliteConnection};

use super::{members, order, outbox, row, shares};
use crate::adapters::sqlite::SqliteCatalog;
use crate::domain::{AlbumCursor, ImageName, Sight, Visibility};
use crate::ports::{AlbumPage, Catalog};

async fn check(connection: &mut SqliteConnection, text: &str) {
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {text}"));
    let steps: Vec<SqliteRow> = sqlx::query(explain).fetch_all(connection).await.unwrap();
    for step in &steps {
        let step: String = step.get("detail");
        // Public albums are the rows of an index of their own, and a list of everybody's is the table in its order.
        let whole =
            step == "SCAN albums" || step.contains("USING INDEX albums_public") || step.contains("outbox_undelivered");
        assert!(whole || !step.contains("SCAN"), "{text}\n{step}");
        assert!(!step.contains("TEMP B-TREE"), "{text}\n{step}");
    }
}

#[tokio::test]
async fn every_list_is_a_seek() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("catalog.sqlite");
    SqliteCatalog::open(&file).await.unwrap().close().await;
    let mut connection = SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    let (album, image, user) = (AlbumId::generate(), ImageId::generate(), UserId::generate());
    let name = "name".parse().unwrap();
    let mut texts = vec![
        outbox::UNDELIVERED.to_owned(),
        outbox::OLD.to_owned(),
        shares::BY_DIGEST.to_owned(),
        members::ALBUMS_OF.to_owned(),
        order::PREVIOUS.to_owned(),
        order::NEXT.to_owned(),
        members::name_query(album, &ImageName::from_client("a.png").unwrap()).sql().as_str().to_owned(),
    ];
    for after in [None, Some(ShareId::generate())] {
        texts.push(shares::page_query(album, after, 9).sql().as_str().to_owned());
    }
    for owner in [None, Some(user)] {
        texts.push(row::name_query(owner, &name).sql().as_str().to_owned());
        texts.push(row::names_query(owner, None, 9).sql().as_str().to_owned());
        texts.push(row::names_query(owner, Some(&name), 9).sql().as_str().to_owned());
        texts.push(members::only_here_query(album, Some(image), owner, 9).sql().as_str().to_owned());
        texts.push(members::only_here_query(album, None, owner, 9).sql().as_str().to_owned());
        for (visibility, after) in [(None, None), (None, Some(album)), (Some(Visibility::Public), Some(album))] {
            let page = AlbumPage { owner, visibility, after, limit: 9 };
            texts.push(row::page_query(&page).sql().as_str().to_owned());
        }
    }
    for sight in [Sight::All, Sight::NotPrivate, Sight::Of(None), Sight::Of(Some(user))] {
        for after in [None, Some(AlbumCursor { position: 1, image })] {
            texts.push(members::page_query(album, sight, after, 9).sql().as_str().to_owned());
        }
    }
    for text in texts {
        check(&mut connection, &text).await;
    }
}
