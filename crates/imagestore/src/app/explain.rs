//! Why a representation is as it is, without making it.

use image_engine::{LimitDescription, PlanDescription};
use shared_types::Recipe;

use super::Services;
use super::deliver::{Delivery, Target};
use super::produce::Place;
use crate::domain::{Image, StoreError, VariantKey};

/// Where a representation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// At hand.
    Memory,
    /// In the store.
    Stored,
    /// Nowhere yet.
    ToBeMade,
}

/// How a representation comes to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What is done; `None` where bytes are sent as they are stored.
    pub plan: Option<PlanDescription>,
    /// Where it is.
    pub kept: Kept,
}

impl Services {
    /// How the representation comes to be.
    ///
    /// # Errors
    /// Those with which making it would be refused.
    pub async fn explain(&self, delivery: &Delivery) -> Result<Explanation, StoreError> {
        let Target::Made(recipe) = &delivery.target else {
            return Ok(Explanation { plan: None, kept: Kept::Stored });
        };
        let plan = self.describe_plan(&delivery.image, recipe).await?;
        let kept =
            match self.inner.pictures.get(&delivery.etag).map(|picture| matches!(picture.place, Place::Memory(_))) {
                Some(true) => Kept::Memory,
                Some(false) => Kept::Stored,
                None => {
                    let key = VariantKey::Made(delivery.etag).to_string();
                    let stored = self.inner.keeps_variants
                        && self.inner.catalog.variant(delivery.image.id, &key).await?.is_some();
                    if stored { Kept::Stored } else { Kept::ToBeMade }
                }
            };
        Ok(Explanation { plan: Some(plan), kept })
    }

    async fn describe_plan(&self, image: &Image, recipe: &Recipe) -> Result<PlanDescription, StoreError> {
        let watermark = self.watermark(&recipe.transform).await?;
        let watermark = watermark.as_deref();
        let master = self.known_master(image).await?;
        let plan = self.plan(image, master.as_ref().map(Into::into), watermark, recipe)?;
        let budget = self.inner.cpu.check(plan.memory())?;
        let mut told = plan.describe();
        told.limits.push(LimitDescription { of: "bytes of memory", actual: plan.memory(), limit: budget });
        Ok(told)
    }
}
